import CNNKernels
import CVectors

/// Where a rectangle of the second convolution's pixels has its first one.
typealias TilePlace = (sample: Int, y: Int, x: Int)

/// 2x2 max-pooling, bias and ReLU of the second convolution.
enum Pooling {
    typealias Vector = SIMD16<Float>
    /// The pixels of a window in row-major order, 16 channels of each.
    typealias Window = (Vector, Vector, Vector, Vector)

    /// The offset in a sample's activations of the top-left pixel under the kernel of the pixel in row `y` and column `x`.
    @inline(__always) static func corner(_ g: Geometry, y: Int, x: Int) -> Int32 {
        Int32(truncatingIfNeeded: (y * g.paddedWidth + x) * g.c1Stride)
    }

    /// The offset in the features of what the window from a place on becomes, in a block of 16 channels.
    @inline(__always) static func feature(_ g: Geometry, _ place: TilePlace, block: Int) -> Int {
        place.sample * g.featureCount + (place.y / 2 * (g.width / 2) + place.x / 2) * g.c2Stride + block * 16
    }

    /// Pools a window: the largest pixel, and where it was.
    ///
    /// - Parameter corner: that of the window's first pixel.
    @inline(__always)
    static func pool(
        _ g: Geometry, _ window: Window, corner: Int32, biases: Vector, feature: Output, winner: UnsafeMutablePointer<Int32>
    ) {
        let right = Self.corner(g, y: 0, x: 1)
        let below = Self.corner(g, y: 1, x: 0)
        var best = window.0
        var offset = SIMD16<Int32>(repeating: 0)
        @inline(__always) func challenge(_ challenger: Vector, _ itsOffset: Int32) {
            let wins = vector_wins_16(challenger, best)
            best = vector_choose_16(wins, challenger, best)
            offset = vector_choose_integer_16(wins, itsOffset, offset)
        }
        challenge(window.1, right)
        challenge(window.2, below)
        challenge(window.3, below &+ right)
        (best + biases).rectified().store(to: feature)
        UnsafeMutableRawPointer(winner).storeBytes(of: offset &+ SIMD16(repeating: corner), as: SIMD16<Int32>.self)
    }
}
