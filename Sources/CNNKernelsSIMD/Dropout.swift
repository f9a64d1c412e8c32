import CNNKernels

/// Dropout with eight blocks of Philox4x32-10 side by side, one a lane.
enum Dropout {
    /// A word of each block in the low half of its lane; what is in the high half does not count.
    private typealias Words = SIMD8<UInt64>

    static func apply(
        _ g: Geometry, features: Output, key: SIMD2<UInt32>, sample: UInt32, step: UInt32, threshold: UInt32, scale: Float
    ) {
        let key = SIMD2<UInt64>(truncatingIfNeeded: key)
        let limit = Words(repeating: UInt64(threshold))
        // 16 channels, two positions at a time; the padded channels are 0 and stay so.
        for block in 0..<g.c2Stride / 16 {
            let features = features + block * 16
            // Lane i makes the words of four channels of position i % 2.
            var position = Words(0, 1, 0, 1, 0, 1, 0, 1)
            let group = Words(0, 0, 1, 1, 2, 2, 3, 3) &+ Words(repeating: UInt64(truncatingIfNeeded: block * 4))
            @inline(__always) func nextDrops() -> (Words, Words) {
                var words = (position, group, Words(repeating: UInt64(sample)), Words(repeating: UInt64(step)))
                philox(&words, key)
                position &+= Words(repeating: 2)
                let (first, second) = (drops(words.0, words.1, below: limit), drops(words.2, words.3, below: limit))
                return (Words(even: first.evenHalf, odd: second.evenHalf), Words(even: first.oddHalf, odd: second.oddHalf))
            }
            for pair in 0..<g.positions / 2 {
                let drops = nextDrops()
                keep(features + pair * 2 * g.c2Stride, unless: drops.0, scale: scale)
                keep(features + (pair * 2 + 1) * g.c2Stride, unless: drops.1, scale: scale)
            }
            // Not by a condition in the loop: the compiler would make the second position's words after it, and not side by side with the first one's.
            if g.positions % 2 == 1 { keep(features + (g.positions - 1) * g.c2Stride, unless: nextDrops().0, scale: scale) }
        }
    }

    @inline(__always)
    private static func philox(_ x: inout (Words, Words, Words, Words), _ key: SIMD2<UInt64>) {
        // Written out: as a loop it takes 1.4 times as long.
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
    private static func round(_ x: inout (Words, Words, Words, Words), _ key: SIMD2<UInt64>, _ number: UInt64) {
        // In 64 bits too: from words whose high halves are 0 the compiler makes shorter vectors, and shuffles.
        let key = key &+ SIMD2(0x9E37_79B9, 0xBB67_AE85) &* number
        let first = product(x.0, 0xD251_1F53)
        let second = product(x.2, 0xCD9E_8D57)
        x = (
            (x.1 ^ Words(repeating: key.x)) ^ second &>> Words(repeating: 32), second,
            (x.3 ^ Words(repeating: key.y)) ^ first &>> Words(repeating: 32), first
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
