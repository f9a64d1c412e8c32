import CNNKernels

/// The columns of a batch of tiles at one point of their rows, with many registers: the sums of a column's points stay there until they are transformed.
enum WinogradColumnsInRegisters {
    /// 24 registers for the points of a column, and one for the weights.
    private typealias Tiles = Four<SIMD16<Float>>

    /// Tiles of a batch. With more of them weights would be loaded less often, but not all that a batch needs would fit the first cache.
    static var batchSize: Int { @inline(__always) get { Tiles.count } }

    /// Writes the columns, (row of a tile, point of a row, tile, 16 channels), of one point of a row: `inputs`, `weights` and `columns` are those of this point in the first row.
    @inline(__always)
    static func compute<Sizes: WinogradSizes>(_ sizes: Sizes, _ inputs: Input, weights: Input, scratch: Output, to columns: Output) {
        let sums = WinogradSums.compute(SixRows<Tiles>.self, sizes, inputs, weights)
        WinogradTransforms.column(
            height: sizes.tileHeight, sums.top.top.top.row, sums.top.top.bottom.row, sums.top.bottom.top.row,
            sums.top.bottom.bottom.row, sums.bottom.top.row, sums.bottom.bottom.row
        ) { y, row in row.store(to: columns + y * sizes.rowSize * batchSize * 16, stride: 16) }
    }
}

/// The same with few registers: the sums of some of a column's points and some tiles at once, and their transforms when all of them are in memory, which they do not leave the first cache for.
///
/// A `Group` has the points and tiles that are computed together, a row a point, a column a tile.
enum WinogradColumnsInMemory<Group: AccumulatorRows> where Group.Row.Vector == SIMD16<Float> {
    /// Tiles of a batch.
    static var batchSize: Int { @inline(__always) get { 6 } }

    /// As ``WinogradColumnsInRegisters/compute(_:_:weights:scratch:to:)``; the scratch memory is for the sums of a column's points, (point, tile, 16 channels).
    @inline(__always)
    static func compute<Sizes: WinogradSizes>(_ sizes: Sizes, _ inputs: Input, weights: Input, scratch: Output, to columns: Output) {
        for row in stride(from: 0, to: WinogradTransforms.columnSize, by: Group.count) {
            let inputs = inputs + row * sizes.rowSize * sizes.tiles * sizes.c1Stride
            let weights = weights + row * sizes.c1 * 16
            let sums = scratch + row * sizes.tiles * 16
            for tile in stride(from: 0, to: batchSize, by: Group.Row.count) {
                WinogradSums.compute(Group.self, sizes, inputs + tile * sizes.c1Stride, weights)
                    .store(to: sums + tile * 16, stride: 16, rowStride: batchSize * 16)
            }
        }
        let rowStride = sizes.tiles * 16
        for i in stride(from: 0, to: rowStride, by: OutputVector.scalarCount) {
            @inline(__always) func m(_ row: Int) -> OutputVector { OutputVector.load(scratch + row * rowStride + i) }
            WinogradTransforms.column(height: sizes.tileHeight, m(0), m(1), m(2), m(3), m(4), m(5)) { y, output in
                output.store(to: columns + y * sizes.rowSize * rowStride + i)
            }
        }
    }
}

/// Sums over the input channels, in registers.
private enum WinogradSums {
    /// A row a point of a column, a column a tile.
    @inline(__always)
    static func compute<Sizes: WinogradSizes, Sums: AccumulatorRows>(
        _: Sums.Type, _ sizes: Sizes, _ inputs: Input, _ weights: Input
    ) -> Sums where Sums.Row.Vector == SIMD16<Float> {
        var sums = Sums(repeating: .zero)
        for channel in 0..<sizes.c1 {
            sums.addProducts(
                weights + channel * 16, factorStride: sizes.c1 * 16, broadcasting: inputs + channel, stride: sizes.c1Stride,
                rowStride: sizes.rowSize * sizes.tiles * sizes.c1Stride)
        }
        return sums
    }
}
