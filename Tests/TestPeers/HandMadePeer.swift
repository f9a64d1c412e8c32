package import TrainingProtocol
import ZeroMQ

/// A peer of a coordinator's that speaks by hand. One thread after another may use it.
package final class HandMadePeer: @unchecked Sendable {
    private var socket: Socket

    /// - Throws: ``PeerFailure`` if nobody is there within five seconds.
    package init(_ endpoint: String) throws {
        socket = try Socket(.dealer, in: Context(), options: [.immediate: 1, .linger: 5000])
        try socket.connect(endpoint)
        guard try socket.poll(writable: true, timeout: 5000).writable else { throw PeerFailure(description: "Nobody is at \(endpoint).") }
    }

    /// Sends a message of any frames.
    package func send(_ frames: [[UInt8]]) throws {
        let messages = try frames.map { frame in try frame.withUnsafeBytes { try Message(copying: $0) } }
        guard try socket.send(messages) == .taken else { throw PeerFailure(description: "A message was not taken.") }
    }

    package func send(_ message: WorkerMessage) throws { try send(Check.adding(to: message.frames()).map { $0.bytes() }) }

    /// The next message, or nil if none comes in so many milliseconds.
    package func receive(within milliseconds: Int = 5000) throws -> CoordinatorMessage? {
        guard try socket.poll(timeout: milliseconds).readable, let message = try socket.receive(frameLimit: 8) else { return nil }
        return try CoordinatorMessage(frames: Check.removing(from: message.map { Frame(copying: $0.unsafeBytes) }))
    }
}

/// A peer that could not do what a test wanted.
package struct PeerFailure: Error, CustomStringConvertible {
    package let description: String
}
