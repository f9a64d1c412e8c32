/// A stream of random numbers that is made in no time: SplitMix64 (Steele, Lea and Flood, "Fast splittable pseudorandom number generators", 2014).
package struct Chance {
    private var state: UInt64

    package init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var bits = state
        bits = (bits ^ (bits >> 30)) &* 0xBF58_476D_1CE4_E5B9
        bits = (bits ^ (bits >> 27)) &* 0x94D0_49BB_1331_11EB
        return bits ^ (bits >> 31)
    }

    /// A number in a range.
    mutating func draw(_ range: ClosedRange<Int>) -> Int {
        range.lowerBound + Int(next() % UInt64(range.upperBound - range.lowerBound + 1))
    }

    /// A number in a range, small ones as likely as large ones in order of magnitude.
    mutating func drawScale(_ range: ClosedRange<Int>) -> Int {
        var upper = range.upperBound
        while upper / 2 > range.lowerBound, next() & 1 == 0 { upper /= 2 }
        return draw(range.lowerBound...max(range.lowerBound, upper))
    }

    /// True once in `times`.
    mutating func happens(onceIn times: Int) -> Bool { next() % UInt64(times) == 0 }

    mutating func pick<Element>(_ elements: [Element]) -> Element? {
        elements.isEmpty ? nil : elements[draw(0...elements.count - 1)]
    }
}
