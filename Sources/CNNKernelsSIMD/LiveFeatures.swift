import CNNKernels
import CVectors

/// The features whose gradients are not zero, channel by channel.
enum LiveFeatures {
    /// Calls `visit` with each channel that has any, and where they stand in (position, c2), in the positions' order.
    @inline(__always)
    static func forEachChannel(_ g: Geometry, gradients: Input, _ visit: (_ channel: Int, _ live: UnsafeBufferPointer<Int32>) -> Void) {
        let words = (g.positions + 31) / 32
        // The list is written up to 32 places at a time.
        withUnsafeTemporaryAllocation(of: Int32.self, capacity: g.positions + 32) { list in
            withUnsafeTemporaryAllocation(of: SIMD16<UInt32>.self, capacity: words) { marks in
                for block in stride(from: 0, to: g.c2, by: 16) {
                    for word in 0..<words {
                        marks[word] = Self.marks(g, gradients + block, word * 32..<min(word * 32 + 32, g.positions))
                    }
                    for lane in 0..<min(16, g.c2 - block) {
                        var count = 0
                        for word in 0..<words {
                            let first = word * 32 * g.c2Stride + block + lane
                            count += Int(
                                vector_places_of_bits(
                                    marks[word][lane], Int32(truncatingIfNeeded: first), Int32(truncatingIfNeeded: g.c2Stride),
                                    list.baseAddress! + count))
                        }
                        if count > 0 { visit(block + lane, UnsafeBufferPointer(rebasing: list[..<count])) }
                    }
                }
            }
        }
    }

    /// Bit `i` of lane `c`: whether the gradient of channel `c` of 16 at the `i`th of up to 32 positions is not zero.
    @inline(__always)
    private static func marks(_ g: Geometry, _ gradients: Input, _ positions: Range<Int>) -> SIMD16<UInt32> {
        var marks = SIMD16<UInt32>(repeating: 0)
        for position in positions {
            let gradient = SIMD16<Float>.load(gradients + position * g.c2Stride)
            let bit = 1 &<< UInt32(truncatingIfNeeded: position - positions.lowerBound)
            marks.replace(with: marks | SIMD16(repeating: bit), where: gradient .!= 0)
        }
        return marks
    }
}
