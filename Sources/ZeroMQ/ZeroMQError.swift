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

/// Makes one call of libzmq, again for as long as a signal interrupts it. All calls that can fail go through here.
///
/// - Parameter call: Returns -1 on failure, as libzmq's functions do.
/// - Returns: What `call` returned, and the failure's `errno`, or 0.
func callZeroMQ(_ call: () -> Int32) -> (result: Int32, code: Int32) {
    while true {
        let result = call()
        let code = result == -1 ? zmq_errno() : 0
        if code != EINTR { return (result, code) }
    }
}

/// Makes one call of libzmq, and turns failure into an error.
///
/// - Parameter action: What is being done, for the error's sentence.
/// - Returns: What `call` returned.
@discardableResult
func zeroMQ(_ action: @autoclosure () -> String, _ call: () -> Int32) throws(ZeroMQError) -> Int32 {
    let (result, code) = callZeroMQ(call)
    guard code == 0 else { throw ZeroMQError(code: code, action: action()) }
    return result
}

/// Like ``zeroMQ(_:_:)`` for calls that may find the socket not ready.
///
/// - Returns: What `call` returned, or nil if the call would have had to wait.
func zeroMQUnlessItWouldBlock(_ action: @autoclosure () -> String, _ call: () -> Int32) throws(ZeroMQError) -> Int32? {
    let (result, code) = callZeroMQ(call)
    if code == EAGAIN { return nil }
    guard code == 0 else { throw ZeroMQError(code: code, action: action()) }
    return result
}
