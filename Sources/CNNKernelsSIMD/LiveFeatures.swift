import CNNKernels
import CVectors

/// The features whose gradients are not zero, channel by channel.
enum LiveFeatures {
    /// Where some features stand in (position, c2), in the positions' order.
    typealias List = UnsafeBufferPointer<Int32>

    /// Calls `visit` with each channel that has any, and with these.
    @inline(__always)
    static func forEachChannel(_ g: Geometry, gradients: Input, _ visit: (_ channel: Int, _ live: List) -> Void) {
        // The list is written up to 32 places at a time.
        withUnsafeTemporaryAllocation(of: Int32.self, capacity: g.positions + 32) { list in
            withUnsafeTemporaryAllocation(of: SIMD16<UInt32>.self, capacity: (g.positions + 31) / 32) { marks in
                for channel in 0..<g.c2 {
                    if channel % 16 == 0 { mark(g, gradients + channel, in: marks) }
                    let count = write(g, channel, marks, to: list.baseAddress!)
                    if count > 0 { visit(channel, List(rebasing: list[..<count])) }
                }
            }
        }
    }

    /// Bit `i` of lane `c` of a word: whether the gradient of channel `c` of 16 at the `i`th of its 32 positions is not zero.
    @inline(__always)
    private static func mark(_ g: Geometry, _ gradients: Input, in words: UnsafeMutableBufferPointer<SIMD16<UInt32>>) {
        for word in words.indices {
            var marks = SIMD16<UInt32>(repeating: 0)
            for position in word * 32..<min(word * 32 + 32, g.positions) {
                let gradient = SIMD16<Float>.load(gradients + position * g.c2Stride)
                let bit = 1 &<< UInt32(truncatingIfNeeded: position - word * 32)
                marks.replace(with: marks | SIMD16(repeating: bit), where: gradient .!= 0)
            }
            words[word] = marks
        }
    }

    /// Writes where a channel's marked features stand. Returns how many there are.
    @inline(__always)
    private static func write(
        _ g: Geometry, _ channel: Int, _ marks: UnsafeMutableBufferPointer<SIMD16<UInt32>>, to list: UnsafeMutablePointer<Int32>
    ) -> Int {
        var count = 0
        for word in marks.indices {
            let first = word * 32 * g.c2Stride + channel
            count += Int(
                vector_places_of_bits(
                    marks[word][channel % 16], Int32(truncatingIfNeeded: first), Int32(truncatingIfNeeded: g.c2Stride), list + count))
        }
        return count
    }
}
