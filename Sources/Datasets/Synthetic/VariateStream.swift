import RandomStreams

/// The random numbers of one image: a stream of its own for each seed, split and index, so that any image can be drawn alone.
struct VariateStream {
    /// Keeps these streams apart from whatever else draws from Philox with the same seed: "digi" in ASCII.
    private static let domain: UInt32 = 0x6469_6769

    private var words: PhiloxStream

    /// The stream of image `index` of a split of the data set drawn from `seed`.
    init(seed: UInt64, split: UInt32, index: UInt32) {
        words = PhiloxStream(seed: seed, counter: SIMD4(0, index, split, Self.domain))
    }

    /// Returns 32 random bits.
    mutating func bits() -> UInt32 { words.next32() }

    /// Returns a number from 0 to `bound` - 1, each as likely as the others to `bound` in 2^32.
    mutating func below(_ bound: Int) -> Int { words.below(bound) }

    /// Returns a multiple of 2^-24 from 0 up to, not including, 1.
    mutating func uniform() -> Float {
        Float(bits() >> 8) * 0x1p-24
    }

    /// Returns a number of mean 0 and standard deviation 1, bell-shaped between -3.47 and 3.47: the sum of four uniforms of 16 bits.
    ///
    /// A normal variate proper takes a logarithm or a cosine, and no two C libraries agree on their last bits.
    mutating func bell() -> Float {
        let first = bits()
        let second = bits()
        let sum = Int32(first & 0xFFFF) + Int32(first >> 16) + Int32(second & 0xFFFF) + Int32(second >> 16)
        // Each uniform has variance 2^32/12, so the four have (2^16)²/3.
        return Float(sum - 2 * 0xFFFF) * (1.7320508 / 65536)
    }
}
