import RandomStreams

/// The random numbers of one fuzzing case: a function of the campaign's seed and the case's index, so that any case can be run again alone.
package struct CaseRandom {
    private var words: PhiloxStream

    /// The numbers of a seed's case `index`.
    package init(seed: UInt64, index: UInt64) {
        words = PhiloxStream(
            seed: seed, counter: SIMD4(0, 0, UInt32(truncatingIfNeeded: index), UInt32(truncatingIfNeeded: index >> 32)))
    }

    mutating func next32() -> UInt32 { words.next32() }

    mutating func next64() -> UInt64 { UInt64(next32()) << 32 | UInt64(next32()) }

    mutating func byte() -> UInt8 { UInt8(truncatingIfNeeded: next32()) }

    mutating func bytes(_ count: Int) -> [UInt8] { (0..<count).map { _ in byte() } }

    /// A number in 0..<`bound`; `bound` is at least 1 and at most 2³².
    mutating func below(_ bound: Int) -> Int { words.below(bound) }

    /// True once in so many times.
    mutating func oneIn(_ times: Int) -> Bool { below(times) == 0 }

    /// One of the elements, of which there is at least one.
    mutating func pick<Element>(_ elements: [Element]) -> Element { elements[below(elements.count)] }

    /// A length: mostly short, now and then long.
    mutating func length(upTo limit: Int) -> Int { below(1 << below(limit.bitWidth - limit.leadingZeroBitCount + 1)) % (limit + 1) }
}
