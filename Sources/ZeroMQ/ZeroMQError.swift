internal import CZeroMQ

#if canImport(Glibc)
    internal import Glibc
#elseif canImport(Musl)
    internal import Musl
#else
    internal import Darwin
#endif

/// A failed call of libzmq.
package struct ZeroMQError: Error, Hashable, CustomStringConvertible {
    /// The `errno` libzmq reported.
    package let code: Int32
    /// What was being done, such as `binding to tcp://127.0.0.1:5555`.
    package let action: String

    package var description: String { "ZeroMQ failed at \(action): \(String(cString: zmq_strerror(code))) (error \(code))." }
}

/// Makes one call of libzmq, again for as long as a signal interrupts it, and turns failure into an error. All calls go through here.
///
/// - Parameters:
///   - action: What is being done, for the error's sentence.
///   - call: Returns -1 on failure, as libzmq's functions do.
/// - Returns: What `call` returned.
@discardableResult
func zeroMQ(_ action: @autoclosure () -> String, _ call: () -> Int32) throws(ZeroMQError) -> Int32 {
    while true {
        let result = call()
        if result != -1 { return result }
        let code = zmq_errno()
        if code != EINTR { throw ZeroMQError(code: code, action: action()) }
    }
}

/// Like ``zeroMQ(_:_:)`` for calls that may find the socket not ready.
///
/// - Returns: What `call` returned, or nil if the call would have had to wait.
func zeroMQUnlessItWouldBlock(_ action: @autoclosure () -> String, _ call: () -> Int32) throws(ZeroMQError) -> Int32? {
    while true {
        let result = call()
        if result != -1 { return result }
        let code = zmq_errno()
        if code == EAGAIN { return nil }
        if code != EINTR { throw ZeroMQError(code: code, action: action()) }
    }
}
