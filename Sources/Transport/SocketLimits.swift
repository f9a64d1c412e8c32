import ZeroMQ

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
