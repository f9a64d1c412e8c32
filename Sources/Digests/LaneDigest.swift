/// A fast digest of numbers' bits, which any change of one word changes: for records that are compared with what somebody computes again.
///
/// The message is read as little-endian 64-bit words, filled up with zero bytes to a multiple of 64 bytes. Word i goes to lane i mod 8 by the round of
/// xxHash64, `lane = rotl(lane + word * 0xC2B2AE3D27D4EB4F, 31) * 0x9E3779B185EBCA87` modulo 2^64; lane l begins as `(l + 1) * 0x9E3779B185EBCA87`. The
/// digest is the eight lanes in order and then the message's length in bytes, each a little-endian 64-bit number: 72 bytes.
///
/// A round is a bijection of the lane and of the word, so messages of one length that differ in one word of a lane have different digests. It is no
/// cryptographic digest by itself; ``SHA256`` of it binds it to its place.
package struct LaneDigest: Sendable, Hashable {
    /// Bytes of the digest.
    package static let size = 72
    private static let lanes = 8
    private static let prime1: UInt64 = 0x9E37_79B1_85EB_CA87
    private static let prime2: UInt64 = 0xC2B2_AE3D_27D4_EB4F

    /// The digest.
    package let bytes: [UInt8]

    /// The digest of some bytes.
    package init(_ message: UnsafeRawBufferPointer) {
        // Eight variables instead of an array: they stay in registers, and eight multiplications are under way at a time.
        var a = Self.prime1
        var b = Self.prime1 &* 2
        var c = Self.prime1 &* 3
        var d = Self.prime1 &* 4
        var e = Self.prime1 &* 5
        var f = Self.prime1 &* 6
        var g = Self.prime1 &* 7
        var h = Self.prime1 &* 8
        func take(_ block: UnsafeRawPointer) {
            func mix(_ lane: UInt64, _ index: Int) -> UInt64 {
                let word = UInt64(littleEndian: block.loadUnaligned(fromByteOffset: index * 8, as: UInt64.self))
                let mixed = lane &+ word &* Self.prime2
                return ((mixed &<< 31) | (mixed &>> 33)) &* Self.prime1
            }
            a = mix(a, 0)
            b = mix(b, 1)
            c = mix(c, 2)
            d = mix(d, 3)
            e = mix(e, 4)
            f = mix(f, 5)
            g = mix(g, 6)
            h = mix(h, 7)
        }
        let blockSize = Self.lanes * 8
        let whole = message.count / blockSize * blockSize
        if let start = message.baseAddress {
            for offset in stride(from: 0, to: whole, by: blockSize) { take(start + offset) }
        }
        if whole < message.count {
            var last = [UInt8](repeating: 0, count: blockSize)
            for (index, byte) in message[whole...].enumerated() { last[index] = byte }
            last.withUnsafeBytes { if let start = $0.baseAddress { take(start) } }
        }
        let words = [a, b, c, d, e, f, g, h, UInt64(message.count)]
        bytes = words.map(\.littleEndian).withUnsafeBytes { Array($0) }
    }

    /// The digest of floats as little-endian float32, back to back.
    package init(_ values: [Float]) {
        #if _endian(big)
            self = values.map(\.bitPattern.littleEndian).withUnsafeBytes { LaneDigest($0) }
        #else
            self = values.withUnsafeBytes { LaneDigest($0) }
        #endif
    }
}
