import Digests

/// The last frame of every message as it travels by ZeroMQ: 8 bytes that tell whether the frames before it arrived as they were sent.
///
/// TCP's own checksum has 16 bits, and a wrong bit in a gradient would look like any other number.
package enum Check {
    /// Bytes of the frame.
    package static let size = 8

    /// A message with its check: the little-endian XXH3 digest of the digests of the frames, little-endian, back to back.
    package static func adding(to frames: [Frame]) -> [Frame] {
        frames + [withUnsafeBytes(of: digest(of: frames[...]).littleEndian) { Frame(copying: $0) }]
    }

    /// A message that has arrived, without its check.
    ///
    /// - Throws: ``ProtocolViolation``: `damaged` if the check is missing or does not match, unless the message is a stranger's or of another version.
    package static func removing(from frames: [Frame]) throws(ProtocolViolation) -> [Frame] {
        guard frames.count > 1, let check = frames.last, check.count == size else {
            _ = try Header.message(of: frames)
            throw .damaged
        }
        let message = frames.dropLast()
        let expected = check.withUnsafeBytes { UInt64(littleEndian: $0.loadUnaligned(as: UInt64.self)) }
        guard digest(of: message) == expected else { throw .damaged }
        return Array(message)
    }

    private static func digest(of frames: ArraySlice<Frame>) -> UInt64 {
        let digests = frames.map { $0.withUnsafeBytes { XXH3.digest64($0) }.littleEndian }
        return digests.withUnsafeBytes { XXH3.digest64($0) }
    }
}
