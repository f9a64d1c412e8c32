import TrainingProtocol
import ZeroMQ

/// Frames from this size on, in bytes, are handed to libzmq without a copy.
private let copyLimit = 4096

extension Message {
    /// A message with a frame's bytes.
    static func carrying(_ frame: Frame) throws(ZeroMQError) -> Message {
        // The bytes outlive the closure: the message keeps the frame's owner.
        let bytes = frame.withUnsafeBytes { $0 }
        if frame.count >= copyLimit { return try Message(referringTo: bytes, of: frame.owner) }
        defer { withExtendedLifetime(frame) {} }
        return try Message(copying: bytes)
    }
}

extension Frame {
    /// A received message's bytes, where libzmq has put them.
    init(_ message: Message) {
        self.init(owner: message, bytes: message.unsafeBytes)
    }
}
