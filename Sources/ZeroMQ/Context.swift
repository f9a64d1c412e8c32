internal import CZeroMQ

/// A ZeroMQ context: its I/O thread and all sockets made in it. One is enough for a process.
///
/// It lives as long as any of its sockets, and ends when the last reference goes; that waits until the sockets' messages are sent or their linger time is over.
package final class Context: Sendable {
    /// libzmq's contexts may be used from any thread.
    nonisolated(unsafe) let handle: UnsafeMutableRawPointer

    /// - Throws: ``ZeroMQError`` when the process has no file descriptors left.
    package init() throws(ZeroMQError) {
        guard let handle = zmq_ctx_new() else { throw ZeroMQError(code: zmq_errno(), action: "creating a context") }
        self.handle = handle
    }

    deinit {
        _ = callZeroMQ { zmq_ctx_term(handle) }
    }
}
