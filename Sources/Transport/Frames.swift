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

/// Most frames of a message that anybody looks at, a routing id among them; those of this protocol have fewer.
let mostFrames = 8
/// Largest frame that anybody accepts, in bytes, whatever its sender claims.
let largestFrame = 1 << 30
/// Messages queued a peer in each direction.
private let highWaterMark = 16

/// The options that both sides have in common.
func commonOptions(linger: Int, largestFrame: Int) -> [SocketOption: Int] {
    [
        .linger: linger, .sendHighWaterMark: highWaterMark, .receiveHighWaterMark: highWaterMark, .maximumMessageSize: largestFrame,
        .handshakeInterval: 2000,
        // These are answered by libzmq's own thread, so they find a dead host or link, not a stuck process; the protocol's heartbeats find that.
        .heartbeatInterval: 2000, .heartbeatTimeout: 8000, .heartbeatTimeToLive: 8000, .ipv6: 1,
    ]
}
