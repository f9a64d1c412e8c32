internal import CZeroMQ

#if canImport(Glibc)
    internal import Glibc
#elseif canImport(Musl)
    internal import Musl
#else
    internal import Darwin
#endif

/// Where a socket's context tells that connections have ended; used on the socket's thread, and made by it.
package final class DisconnectionMonitor {
    private let context: Context
    let handle: UnsafeMutableRawPointer

    init(of context: Context, endpoint: String) throws(ZeroMQError) {
        guard let handle = zmq_socket(context.handle, ZMQ_PAIR) else {
            throw ZeroMQError(code: zmq_errno(), action: "creating a socket")
        }
        self.context = context
        self.handle = handle
        try zeroMQ("connecting to \(endpoint)") { zmq_connect(handle, endpoint) }
    }

    deinit { zmq_close(handle) }

    /// Takes all notes of ended connections.
    ///
    /// - Returns: Whether there were any.
    func takeAll() throws(ZeroMQError) -> Bool {
        var hasAny = false
        while true {
            // Two frames a note: which event, and at which endpoint.
            let frame = Message()
            guard try zeroMQUnlessItWouldBlock("receiving a message", { zmq_msg_recv(frame.handle, handle, ZMQ_DONTWAIT) }) != nil else {
                return hasAny
            }
            hasAny = true
        }
    }
}
