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
    private let handle: UnsafeMutableRawPointer
    var events: SocketEvents

    init(of context: Context, endpoint: String) throws(ZeroMQError) {
        guard let handle = zmq_socket(context.handle, ZMQ_PAIR) else {
            throw ZeroMQError(code: zmq_errno(), action: "creating a socket")
        }
        do throws(ZeroMQError) {
            try zeroMQ("connecting to \(endpoint)") { zmq_connect(handle, endpoint) }
            events = try SocketEvents(of: handle)
        } catch {
            zmq_close(handle)
            throw error
        }
        self.context = context
        self.handle = handle
    }

    deinit { zmq_close(handle) }

    /// Whether there are notes of ended connections.
    func hasNotes() throws(ZeroMQError) -> Bool { try events.current() & ZMQ_POLLIN != 0 }

    /// Takes all notes of ended connections.
    ///
    /// - Returns: Whether there were any.
    func takeAll() throws(ZeroMQError) -> Bool {
        events.forget()
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
