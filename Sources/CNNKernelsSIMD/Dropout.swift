import CNNKernels

/// Dropout with 16 blocks of Philox4x32-10 side by side, one a lane.
enum Dropout {
    typealias Words = SIMD16<UInt32>

    static func apply(
        _ g: Geometry, features: Output, key: SIMD2<UInt32>, sample: UInt32, step: UInt32, threshold: UInt32, scale: Float
    ) {
        // Lane i makes the words of channels 4i ..< 4i+4 of a run of 64 features; the padded channels are 0 and stay so.
        let groups = g.c2Stride / 4
        let blocks = g.positions * groups
        let lane = Words(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15)
        for first in stride(from: 0, to: blocks, by: 16) {
            let index = Words(repeating: UInt32(truncatingIfNeeded: first)) &+ lane
            let position = groups == 4 ? index &>> 2 : index / Words(repeating: UInt32(truncatingIfNeeded: groups))
            let group = index &- position &* Words(repeating: UInt32(truncatingIfNeeded: groups))
            var words = (position, group, Words(repeating: sample), Words(repeating: step))
            philox(&words, key)
            let count = min(64, (blocks - first) * 4)
            keep(features + first * 4, count: count, interleaved(words), threshold: threshold, scale: scale)
        }
    }

    @inline(__always)
    private static func philox(_ x: inout (Words, Words, Words, Words), _ key: SIMD2<UInt32>) {
        var key = key
        for _ in 0..<10 {
            let (high0, low0) = multiply(x.0, 0xD251_1F53)
            let (high1, low1) = multiply(x.2, 0xCD9E_8D57)
            x = (high1 ^ x.1 ^ Words(repeating: key.x), low1, high0 ^ x.3 ^ Words(repeating: key.y), low0)
            key &+= SIMD2(0x9E37_79B9, 0xBB67_AE85)
        }
    }

    /// The high and low words of each lane's product with `factor`.
    @inline(__always)
    private static func multiply(_ x: Words, _ factor: UInt32) -> (high: Words, low: Words) {
        let product = SIMD16<UInt64>(truncatingIfNeeded: x) &* SIMD16<UInt64>(repeating: UInt64(factor))
        return (Words(truncatingIfNeeded: product &>> 32), Words(truncatingIfNeeded: product))
    }

    /// The words in the order of the features: (block, word).
    @inline(__always)
    private static func interleaved(_ words: (Words, Words, Words, Words)) -> (Words, Words, Words, Words) {
        @inline(__always) func interleave(_ a: Words, _ b: Words) -> (Words, Words) {
            (Words(even: a.lowHalf, odd: b.lowHalf), Words(even: a.highHalf, odd: b.highHalf))
        }
        let even = interleave(words.0, words.2)
        let odd = interleave(words.1, words.3)
        let low = interleave(even.0, odd.0)
        let high = interleave(even.1, odd.1)
        return (low.0, low.1, high.0, high.1)
    }

    @inline(__always)
    private static func keep(
        _ features: Output, count: Int, _ words: (Words, Words, Words, Words), threshold: UInt32, scale: Float
    ) {
        @inline(__always) func apply(_ words: Words, at offset: Int) {
            guard offset < count else { return }
            let kept = SIMD16<Float>.load(features + offset) * scale
            SIMD16<Float>.zero.replacing(with: kept, where: words .>= Words(repeating: threshold)).store(to: features + offset)
        }
        apply(words.0, at: 0)
        apply(words.1, at: 16)
        apply(words.2, at: 32)
        apply(words.3, at: 48)
    }
}
