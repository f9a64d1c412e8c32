import Digests
import Testing

@Suite struct LaneDigestTests {
    /// Computed from the digest's description in Python: SHA-256 of the 72 bytes for messages whose byte i is 7 i modulo 251.
    @Test(arguments: [
        (0, "2145cdd4e0b6cef5e77ab31eef9c490628ec2bc5ee173dc5dde42f73b33d9b6f"),
        (1, "02d3e41d05ec229a269d27fe74e5d84c40e870e9c5258167a5144ca3be9d234d"),
        (63, "91552577e291af8e51c0b6e7ae8e7b65732cdf404548553c3681a4b7b9a152bb"),
        (64, "7e892fd40ff98b63ee2d46ad508d0ef9b3486a247288e011d28962fba81f2fb0"),
        (65, "7d96f0424ad2d98bb8b9d8c3ada5358ce6543f5d62d34074c981e48c3d6fa279"),
        (200, "cbb95cc5bfcd64cde35344406604274ce89dad5533c68a03fa35c5059e4d9dfd"),
    ])
    func isAsDescribed(length: Int, digest: String) {
        let message = (0..<length).map { UInt8($0 * 7 % 251) }
        let lanes = message.withUnsafeBytes { LaneDigest($0) }
        #expect(lanes.bytes.count == LaneDigest.size)
        #expect(SHA256.hash(lanes.bytes).hexString == digest)
    }

    /// Wherever the message begins in memory.
    @Test func alignmentDoesNotMatter() {
        let message = (0..<200).map { UInt8($0) }
        let expected = message[3...].map { $0 }.withUnsafeBytes { LaneDigest($0) }
        #expect(message.withUnsafeBytes { LaneDigest(UnsafeRawBufferPointer(rebasing: $0[3...])) } == expected)
    }

    @Test func everyBitCounts() {
        var values = (0..<37).map { Float($0) / 3 }
        let digest = LaneDigest(values)
        var seen: Set<LaneDigest> = [digest]
        for index in values.indices {
            for bit in 0..<32 {
                let value = values[index]
                values[index] = Float(bitPattern: value.bitPattern ^ 1 << UInt32(bit))
                seen.insert(LaneDigest(values))
                values[index] = value
            }
        }
        #expect(seen.count == 1 + 37 * 32)
        // Neither do numbers that compare equal, nor zeros at the end, nor the order, go unnoticed.
        #expect(LaneDigest([0, 1]) != LaneDigest([-0.0, 1]))
        #expect(LaneDigest([1]) != LaneDigest([1, 0]))
        #expect(LaneDigest([1, 2]) != LaneDigest([2, 1]))
    }
}
