import CNNKernels

/// The outputs of a batch of tiles in Winograd's form: one point of the tiles' rows after the other, and when all columns are transformed, the rows, which are pooled in registers.
enum WinogradOutputs {
    typealias Vector = SIMD16<Float>

    /// Floats of the tiles' columns: (row of a tile, point of a row, tile, 16 channels).
    private static func columnCount<Sizes: WinogradSizes>(_ sizes: Sizes) -> Int { sizes.tileHeight * sizes.rowSize * sizes.tiles * 16 }

    /// The tiles' columns, with which the scratch memory begins, from their transformed inputs, (point, tile, c1), and one block of weights.
    @inline(__always)
    static func compute<Sizes: WinogradSizes>(_ sizes: Sizes, _ inputs: Input, weights: Input, scratch: Output) {
        for point in 0..<sizes.rowSize {
            WinogradColumns.compute(
                sizes, inputs + point * sizes.tiles * sizes.c1Stride,
                weights: weights + point * WinogradTransforms.columnSize * sizes.c1 * 16, scratch: scratch + columnCount(sizes),
                to: scratch + point * sizes.tiles * 16)
        }
    }

    /// Transforms the tiles' columns along the rows, and pools the pixels.
    @inline(__always)
    static func pool<Sizes: WinogradSizes>(
        _ g: Geometry, _ sizes: Sizes, _ columns: Input, tiles: UnsafePointer<TilePlace>, block: Int, bias: Input, features: Output,
        winners: UnsafeMutablePointer<Int32>
    ) {
        let biases = Vector.load(bias + block * 16)
        for tile in 0..<sizes.tiles {
            let (sample, tileY, x) = tiles[tile]
            for row in stride(from: 0, to: sizes.tileHeight, by: 2) {
                let upper = pixels(sizes, columns + tile * 16, row: row)
                let lower = pixels(sizes, columns + tile * 16, row: row + 1)
                let y = tileY + row
                let corner = Pooling.corner(g, y: y, x: x)
                let feature = Pooling.feature(g, (sample, y, x), block: block)
                @inline(__always) func pool(_ window: Pooling.Window, _ corner: Int32, _ feature: Int) {
                    Pooling.pool(g, window, corner: corner, biases: biases, feature: features + feature, winner: winners + feature)
                }
                pool((upper.0, upper.1, lower.0, lower.1), corner, feature)
                pool((upper.2, upper.3, lower.2, lower.3), corner &+ Pooling.corner(g, y: 0, x: 2), feature + g.c2Stride)
            }
        }
    }

    /// A row of a tile's pixels before bias.
    @inline(__always)
    private static func pixels<Sizes: WinogradSizes>(_ sizes: Sizes, _ columns: Input, row: Int) -> (Vector, Vector, Vector, Vector) {
        let size = sizes.rowSize
        let first = columns + row * size * sizes.tiles * 16
        @inline(__always) func m(_ column: Int) -> Vector { Vector.load(first + min(column, size - 1) * sizes.tiles * 16) }
        let even = WinogradTransforms.evenOutputs(size: size, m(0), m(1), m(2), m(3), m(4), m(5), m(6), m(7))
        let odd = WinogradTransforms.oddOutputs(size: size, m(0), m(1), m(2), m(3), m(4), m(5), m(6), m(7))
        return (even.0, odd.0, even.1, odd.1)
    }
}
