import CNNKernels

/// Dropout with eight blocks of Philox4x32-10 side by side, one a lane.
enum Dropout {
    /// A word of each block in the low half of its lane; what is in the high half does not count.
    private typealias Words = SIMD8<UInt64>

    static func apply(
        _ g: Geometry, features: Output, key: SIMD2<UInt32>, sample: UInt32, step: UInt32, threshold: UInt32, scale: Float
    ) {
        // Lane i makes the words of channels 4i ..< 4i+4 of a run of 32 features; the padded channels are 0 and stay so.
        let groups = g.c2Stride / 4
        let blocks = g.positions * groups
        var position = Words.zero
        var group = Words.zero
        for lane in 0..<8 {
            position[lane] = UInt64(truncatingIfNeeded: lane / groups)
            group[lane] = UInt64(truncatingIfNeeded: lane % groups)
        }
        for first in stride(from: 0, to: blocks, by: 8) {
            var words = (position, group, Words(repeating: UInt64(sample)), Words(repeating: UInt64(step)))
            philox(&words, key)
            let limit = Words(repeating: UInt64(threshold))
            // In the order of the features: (block, word).
            let drops = SIMD16<UInt64>(even: drops(words.0, words.1, below: limit), odd: drops(words.2, words.3, below: limit))
            keep(features + first * 4, unless: drops.lowHalf, scale: scale)
            if blocks - first > 4 { keep(features + first * 4 + 16, unless: drops.highHalf, scale: scale) }
            advance(&position, &group, groups)
        }
    }

    /// Goes on by eight blocks, of which each position has `groups`, a multiple of 4.
    @inline(__always)
    private static func advance(_ position: inout Words, _ group: inout Words, _ groups: Int) {
        group &+= Words(repeating: UInt64(truncatingIfNeeded: 8 % groups))
        position &+= Words(repeating: UInt64(truncatingIfNeeded: 8 / groups))
        let isNext = group .>= Words(repeating: UInt64(truncatingIfNeeded: groups))
        group.replace(with: group &- Words(repeating: UInt64(truncatingIfNeeded: groups)), where: isNext)
        position.replace(with: position &+ Words(repeating: 1), where: isNext)
    }

    @inline(__always)
    private static func philox(_ x: inout (Words, Words, Words, Words), _ key: SIMD2<UInt32>) {
        // Written out, because of a loop the compiler makes one with the order of the features in every round.
        round(&x, key, 0)
        round(&x, key, 1)
        round(&x, key, 2)
        round(&x, key, 3)
        round(&x, key, 4)
        round(&x, key, 5)
        round(&x, key, 6)
        round(&x, key, 7)
        round(&x, key, 8)
        round(&x, key, 9)
    }

    @inline(__always)
    private static func round(_ x: inout (Words, Words, Words, Words), _ key: SIMD2<UInt32>, _ number: UInt32) {
        let key = key &+ SIMD2(0x9E37_79B9, 0xBB67_AE85) &* number
        let first = product(x.0, 0xD251_1F53)
        let second = product(x.2, 0xCD9E_8D57)
        x = (
            (x.1 ^ Words(repeating: UInt64(key.x))) ^ second &>> Words(repeating: 32), second,
            (x.3 ^ Words(repeating: UInt64(key.y))) ^ first &>> Words(repeating: 32), first
        )
    }

    /// Each word's product with `factor`, in 64 bits: one instruction, as both have 32.
    @inline(__always)
    private static func product(_ x: Words, _ factor: UInt64) -> Words {
        (x & Words(repeating: 0xFFFF_FFFF)) &* Words(repeating: factor)
    }

    /// For two words, the first in the low half of the lane: all bits set where the word is below a limit of 32 bits, none elsewhere.
    @inline(__always)
    private static func drops(_ low: Words, _ high: Words, below limit: Words) -> Words {
        // The difference of two numbers of 32 bits borrows from all the bits above them, or from none.
        let wordBits = Words(repeating: 0xFFFF_FFFF)
        return ((low & wordBits) &- limit) &>> Words(repeating: 32) | ((high & wordBits) &- limit) & ~wordBits
    }

    /// Keeps those of 16 features whose bits are not set in `drops`.
    @inline(__always)
    private static func keep(_ features: Output, unless drops: Words, scale: Float) {
        let kept = unsafeBitCast(SIMD16<Float>.load(features) * scale, to: Words.self)
        unsafeBitCast(kept & ~drops, to: SIMD16<Float>.self).store(to: features)
    }
}
