internal import CZeroMQ

/// What libzmq has ready on a socket, asked for no more often than must be: an answer takes libzmq several calls of the system.
///
/// The socket's descriptor tells of changes, not of states, and any use of the socket may take such a change in. So libzmq is asked when the descriptor can be read, or when the socket
/// has been used since the last answer. Source: zmq_getsockopt(3), ZMQ_FD and ZMQ_EVENTS.
struct SocketEvents {
    /// Can be read when something has changed.
    let descriptor: Int32
    private let handle: UnsafeMutableRawPointer
    /// libzmq's last answer, as long as it holds.
    private var known: Int32?

    init(of handle: UnsafeMutableRawPointer) throws(ZeroMQError) {
        self.handle = handle
        descriptor = try Self.option(ZMQ_FD, of: handle)
    }

    /// Forgets the last answer: the socket is used, or its descriptor can be read.
    mutating func forget() { known = nil }

    /// `ZMQ_POLLIN` if there is a message, with `ZMQ_POLLOUT` if there is room for one.
    mutating func current() throws(ZeroMQError) -> Int32 {
        if let known { return known }
        let events = try Self.option(ZMQ_EVENTS, of: handle)
        known = events
        return events
    }

    private static func option(_ option: Int32, of handle: UnsafeMutableRawPointer) throws(ZeroMQError) -> Int32 {
        var value: Int32 = 0
        var size = MemoryLayout<Int32>.size
        try zeroMQ("asking what a socket has ready") { zmq_getsockopt(handle, option, &value, &size) }
        return value
    }
}
