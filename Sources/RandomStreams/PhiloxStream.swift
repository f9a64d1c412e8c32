/// The words of successive Philox4x32-10 blocks, one after the other: a stream for each key and starting counter, so that any of many streams can be drawn alone.
package struct PhiloxStream: Sendable {
    private let key: SIMD2<UInt32>
    private var counter: SIMD4<UInt32>
    private var block = SIMD4<UInt32>()
    private var used = 4

    /// - Parameters:
    ///   - seed: the key, its low word first.
    ///   - counter: of the first block; its x grows by one a block.
    package init(seed: UInt64, counter: SIMD4<UInt32>) {
        key = SIMD2(UInt32(truncatingIfNeeded: seed), UInt32(truncatingIfNeeded: seed >> 32))
        self.counter = counter
    }

    /// Returns 32 random bits.
    package mutating func next32() -> UInt32 {
        if used == 4 {
            block = Philox4x32.block(counter: counter, key: key)
            counter.x &+= 1
            used = 0
        }
        defer { used += 1 }
        return block[used]
    }

    /// Returns a number from 0 to `bound` - 1, each as likely as the others to `bound` in 2^32; `bound` is at least 1 and at most 2^32.
    package mutating func below(_ bound: Int) -> Int { Int((UInt64(next32()) * UInt64(bound)) >> 32) }
}
