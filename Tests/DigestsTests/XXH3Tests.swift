import Digests
import Testing

/// The values are those of Python's xxhash package.
@Suite struct XXH3Tests {
    @Test(
        arguments: [
            (0, 0x2d06_8005_38d3_94c2), (1, 0xc44b_dff4_074e_ecdb), (3, 0x3698_b801_91e6_25f9), (16, 0xf9fb_d026_0ba9_78df),
            (200, 0xc56a_3bc9_77e0_96fb), (1000, 0x2a7a_65d1_3a14_50eb),
        ] as [(Int, UInt64)])
    func bytes(count: Int, digest: UInt64) {
        let message = (0..<count).map { UInt8(truncatingIfNeeded: $0 * 31) }
        #expect(message.withUnsafeBytes { XXH3.digest64($0) } == digest)
    }

    @Test(
        arguments: [
            ([], "99aa06d3014798d86001c324468d497f"), ([0, 1, -2.5, 3e30, .infinity], "782048f72440f3711215b792403581b2"),
            ((0..<300).map { Float($0) }, "5ad95714ced7412c92feddfb24309798"),
        ] as [([Float], String)])
    func floats(values: [Float], digest: String) {
        #expect(values.withUnsafeBufferPointer { XXH3.digest128($0) }.hexString == digest)
    }

    @Test func everyBitCounts() {
        let values: [Float] = [0, 1, 2, 3, 4, 5, 6, 7, 8]
        var seen: Set<[UInt8]> = [values.withUnsafeBufferPointer { XXH3.digest128($0) }]
        for index in values.indices {
            for bit in 0..<32 {
                var changed = values
                changed[index] = Float(bitPattern: values[index].bitPattern ^ 1 << UInt32(bit))
                seen.insert(changed.withUnsafeBufferPointer { XXH3.digest128($0) })
            }
        }
        #expect(seen.count == 1 + 9 * 32)
    }
}
