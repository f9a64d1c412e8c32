internal import CZeroMQ

/// One frame, sent or received.
///
/// A small message's bytes lie inside `zmq_msg_t` itself, so that stands on the heap and never moves.
package final class Message {
    let handle: UnsafeMutablePointer<zmq_msg_t>

    /// An empty message, for receiving into.
    init() {
        handle = .allocate(capacity: 1)
        zmq_msg_init(handle)
    }

    /// A message with a copy of the bytes.
    ///
    /// - Throws: ``ZeroMQError`` when there is no memory for it.
    package init(copying bytes: UnsafeRawBufferPointer) throws(ZeroMQError) {
        handle = .allocate(capacity: 1)
        guard zmq_msg_init_size(handle, bytes.count) == 0 else {
            let code = zmq_errno()
            handle.deallocate()
            throw ZeroMQError(code: code, action: "allocating a message of \(bytes.count) bytes")
        }
        if let source = bytes.baseAddress { zmq_msg_data(handle).copyMemory(from: source, byteCount: bytes.count) }
    }

    /// A message that refers to bytes of `owner`, and keeps `owner` alive until libzmq has sent them; `owner` is then released on libzmq's own thread.
    ///
    /// - Parameters:
    ///   - bytes: Memory that neither moves nor changes while `owner` lives: never a Swift array's.
    ///   - owner: Its last reference may go on any thread.
    /// - Throws: ``ZeroMQError`` when there is no memory for it.
    package init(referringTo bytes: UnsafeRawBufferPointer, of owner: AnyObject) throws(ZeroMQError) {
        handle = .allocate(capacity: 1)
        let retained = Unmanaged.passRetained(owner)
        let result = zmq_msg_init_data(
            handle, UnsafeMutableRawPointer(mutating: bytes.baseAddress), bytes.count,
            { _, owner in if let owner { Unmanaged<AnyObject>.fromOpaque(owner).release() } }, retained.toOpaque())
        guard result == 0 else {
            let code = zmq_errno()
            retained.release()
            handle.deallocate()
            throw ZeroMQError(code: code, action: "allocating a message of \(bytes.count) bytes")
        }
    }

    deinit {
        zmq_msg_close(handle)
        handle.deallocate()
    }

    /// Length in bytes.
    package var count: Int { zmq_msg_size(handle) }

    /// Whether more frames of the same message follow it.
    package var hasMore: Bool { zmq_msg_more(handle) != 0 }

    /// The bytes; valid as long as the message lives and is not sent.
    package var unsafeBytes: UnsafeRawBufferPointer {
        UnsafeRawBufferPointer(start: zmq_msg_data(handle), count: zmq_msg_size(handle))
    }
}
