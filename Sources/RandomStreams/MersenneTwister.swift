// Imported for linking alone: on a processor without a fused multiply-add instruction `addingProduct` calls the C library's `fmaf`.
#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

/// The generator behind PyTorch's CPU tensors: MT19937, and the draws that PyTorch derives from it, bit for bit.
///
/// A value type: copying it copies the stream's position, and `words` with `position` are all there is to save.
/// Source of the generator: M. Matsumoto and T. Nishimura, "Mersenne Twister", ACM TOMACS 8 (1998).
package struct MersenneTwister: Sendable, Hashable {
    /// Number of words in the state.
    package static let wordCount = 624

    /// `permutation(count:)` follows PyTorch below this count; from here on PyTorch shuffles another way.
    package static let permutationLimit = Int(UInt32.max) / 20

    /// The state's words, before tempering.
    package private(set) var words: [UInt32]

    /// How many of the state's words have been drawn: 624 right after seeding, when the first block is still to be made.
    package private(set) var position: Int

    /// Starts the stream as `torch.manual_seed(seed)` does: the seed's low 32 bits count, the others are ignored.
    package init(seed: UInt64) {
        var word = UInt32(truncatingIfNeeded: seed)
        var words = [word]
        words.reserveCapacity(Self.wordCount)
        for index in 1..<UInt32(Self.wordCount) {
            word = 1_812_433_253 &* (word ^ (word >> 30)) &+ index
            words.append(word)
        }
        self.words = words
        position = Self.wordCount
    }

    /// Takes up a saved stream, or returns nil where `words` and `position` cannot be a generator's state.
    package init?(words: [UInt32], position: Int) {
        guard words.count == Self.wordCount, (0...Self.wordCount).contains(position) else { return nil }
        self.words = words
        self.position = position
    }

    /// Draws 32 bits.
    package mutating func next32() -> UInt32 {
        if position == Self.wordCount {
            makeNextBlock()
        }
        let word = words[position]
        position += 1
        return Self.tempered(word)
    }

    /// What is drawn of a word of the state.
    private static func tempered(_ word: UInt32) -> UInt32 {
        var word = word
        word ^= word >> 11
        word ^= (word << 7) & 0x9D2C_5680
        word ^= (word << 15) & 0xEFC6_0000
        return word ^ (word >> 18)
    }

    /// Draws 64 bits: the first 32-bit draw is the high word.
    package mutating func next64() -> UInt64 {
        let high = UInt64(next32())
        return (high << 32) | UInt64(next32())
    }

    /// Draws a number as `Tensor.uniform_(from, to)` does for float32: 24 bits of one 32-bit draw, scaled by one fused multiply-add.
    package mutating func uniform(_ range: ClosedRange<Float>) -> Float {
        let unit = Float(next32() & 0xFF_FFFF) * 0x1p-24
        return range.lowerBound.addingProduct(unit, range.upperBound - range.lowerBound)
    }

    /// Draws `count` numbers in ±`bound`, as ``uniform(_:)`` does one, in the order in which PyTorch initialises a parameter's elements.
    package mutating func uniform(count: Int, bound: Float) -> [Float] {
        // The sum has at most 48 significant bits, so that it is exact in double precision, and rounded once: as by the fused multiply-add, which is a call where the processor may have none.
        let lower = -Double(bound)
        let step = Double(bound) * 0x1p-23
        return Array(unsafeUninitializedCapacity: count) { numbers, drawn in
            while drawn < count {
                if position == Self.wordCount { makeNextBlock() }
                let block = position..<min(Self.wordCount, position + count - drawn)
                words.withUnsafeBufferPointer { words in
                    for index in block {
                        let unit = Double(Self.tempered(words[index]) & 0xFF_FFFF)
                        numbers.initializeElement(at: drawn + index - block.lowerBound, to: Float(lower + unit * step))
                    }
                }
                drawn += block.count
                position = block.upperBound
            }
        }
    }

    /// Draws a random order of 0..<`count` as `torch.randperm(count)` does; `count` is below `permutationLimit`.
    package mutating func permutation(count: Int) -> [Int] {
        precondition((0..<Self.permutationLimit).contains(count), "no permutation of \(count) numbers")
        var order = Array(0..<count)
        for index in 0..<max(0, count - 1) {
            let offset = next32() % UInt32(count - index)
            order.swapAt(index, index + Int(offset))
        }
        return order
    }

    /// Replaces the state by the next 624 words.
    private mutating func makeNextBlock() {
        /// The distance between a word and the one that is mixed into it.
        let shift = 397
        let wordCount = Self.wordCount
        words.withUnsafeMutableBufferPointer { words in
            func twist(_ index: Int, next: Int, far: Int) {
                let mixed = (words[index] & 0x8000_0000) | (words[next] & 0x7FFF_FFFF)
                let odd = (mixed & 1) &* 0x9908_B0DF
                words[index] = words[far] ^ (mixed >> 1) ^ odd
            }
            for index in 0..<wordCount - shift {
                twist(index, next: index + 1, far: index + shift)
            }
            for index in wordCount - shift..<wordCount - 1 {
                twist(index, next: index + 1, far: index + shift - wordCount)
            }
            twist(wordCount - 1, next: 0, far: shift - 1)
        }
        position = 0
    }
}
