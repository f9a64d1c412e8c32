/// Philox4x32-10, a counter-based generator: a function of counter and key, with no state and so no order to keep.
///
/// Source: J. Salmon, M. Moraes, R. Dror and D. Shaw, "Parallel random numbers: as easy as 1, 2, 3", SC11.
package enum Philox4x32 {
    /// Returns the 128 random bits that belong to `counter` in the stream `key`.
    @inlinable
    package static func block(counter: SIMD4<UInt32>, key: SIMD2<UInt32>) -> SIMD4<UInt32> {
        var counter = counter
        var key = key
        for _ in 0..<10 {
            let first = UInt64(counter.x) * 0xD251_1F53
            let second = UInt64(counter.z) * 0xCD9E_8D57
            counter = SIMD4(
                UInt32(truncatingIfNeeded: second >> 32) ^ counter.y ^ key.x, UInt32(truncatingIfNeeded: second),
                UInt32(truncatingIfNeeded: first >> 32) ^ counter.w ^ key.y, UInt32(truncatingIfNeeded: first))
            key &+= SIMD2(0x9E37_79B9, 0xBB67_AE85)
        }
        return counter
    }
}
