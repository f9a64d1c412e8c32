import CNNKernels

/// The outputs of a batch of tiles in Winograd's form: one point of the tiles' rows after the other, and when all columns are transformed, the rows.
enum WinogradOutputs {
    /// Floats that ``compute(_:_:weights:scratch:to:)`` needs.
    static func scratchCount<Sizes: WinogradSizes>(_ sizes: Sizes) -> Int {
        columnCount(sizes) + WinogradColumns.scratchCount(sizes)
    }

    /// Floats of the tiles' columns: (row of a tile, point of a row, tile, 16 channels).
    private static func columnCount<Sizes: WinogradSizes>(_ sizes: Sizes) -> Int { sizes.tileHeight * sizes.rowSize * sizes.tiles * 16 }

    /// The tiles' pixels before bias, (tile, row, column, 16 channels), from their transformed inputs, (point, tile, c1), and one block of weights.
    @inline(__always)
    static func compute<Sizes: WinogradSizes>(_ sizes: Sizes, _ inputs: Input, weights: Input, scratch: Output, to pixels: Output) {
        let columns = scratch
        for point in 0..<sizes.rowSize {
            WinogradColumns.compute(
                sizes, inputs + point * sizes.tiles * sizes.c1Stride,
                weights: weights + point * WinogradTransforms.columnSize * sizes.c1 * 16,
                scratch: scratch + columnCount(sizes), to: columns + point * sizes.tiles * 16)
        }
        transformRows(sizes, Input(columns), to: pixels)
    }

    /// The pixels of tiles whose columns are transformed.
    @inline(__always)
    private static func transformRows<Sizes: WinogradSizes>(_ sizes: Sizes, _ columns: Input, to pixels: Output) {
        let size = sizes.rowSize
        for tile in 0..<sizes.tiles {
            for y in 0..<sizes.tileHeight {
                for channel in stride(from: 0, to: 16, by: OutputVector.scalarCount) {
                    @inline(__always) func m(_ column: Int) -> OutputVector {
                        OutputVector.load(columns + ((y * size + min(column, size - 1)) * sizes.tiles + tile) * 16 + channel)
                    }
                    let even = WinogradTransforms.evenOutputs(size: size, m(0), m(1), m(2), m(3), m(4), m(5), m(6), m(7))
                    let odd = WinogradTransforms.oddOutputs(size: size, m(0), m(1), m(2), m(3), m(4), m(5), m(6), m(7))
                    let first = pixels + (tile * sizes.tileHeight + y) * WinogradTransforms.tileWidth * 16 + channel
                    even.0.store(to: first)
                    odd.0.store(to: first + 16)
                    even.1.store(to: first + 32)
                    odd.1.store(to: first + 48)
                }
            }
        }
    }
}
