import CNNKernels

/// The columns of all tiles of a strip at one point of their rows, with many registers: the sums of a column's points stay there, for some tiles at once, until they are transformed.
enum WinogradColumnsInRegisters {
    private typealias Vector = SIMD16<Float>

    /// Floats of memory that ``compute(_:_:weights:scratch:to:)`` needs.
    static func scratchCount<Sizes: WinogradSizes>(_ sizes: Sizes) -> Int { 0 }

    /// Writes the columns, (row of a tile, point of a row, tile, 16 channels), of one point of a row: `inputs`, `weights` and `columns` are those of this point in the first row.
    @inline(__always)
    static func compute<Sizes: WinogradSizes>(_ sizes: Sizes, _ inputs: Input, weights: Input, scratch: Output, to columns: Output) {
        var tile = 0
        @inline(__always) func compute<Row: Accumulators>(_: Row.Type) where Row.Vector == Vector {
            while tile + Row.count <= sizes.tiles {
                let sums = WinogradSums.compute(SixRows<Row>.self, sizes, inputs + tile * sizes.c1Stride, weights)
                let first = columns + tile * 16
                WinogradTransforms.column(
                    height: sizes.tileHeight, sums.top.top.top.row, sums.top.top.bottom.row, sums.top.bottom.top.row,
                    sums.top.bottom.bottom.row, sums.bottom.top.row, sums.bottom.bottom.row
                ) { y, row in row.store(to: first + y * sizes.rowSize * sizes.tiles * 16, stride: 16) }
                tile += Row.count
            }
        }
        // MNIST's 7 tiles are 4 and 3: 24 and 18 registers, and one for the weights.
        compute(Four<Vector>.self)
        compute(Three<Vector>.self)
        compute(Single<Vector>.self)
    }
}

/// The same with few registers: the sums of some of a column's points and some tiles at once, and their transforms when all of them are in memory, which they do not leave the first cache for.
///
/// A `Group` has the points and tiles that are computed together, a row a point, a column a tile; a `Rest` has as many points, and one of the tiles that are left.
enum WinogradColumnsInMemory<Group: AccumulatorRows, Rest: AccumulatorRows>
where Group.Row.Vector == SIMD16<Float>, Rest.Row.Vector == SIMD16<Float> {
    /// The sums of a column's points: (point, tile, 16 channels).
    static func scratchCount<Sizes: WinogradSizes>(_ sizes: Sizes) -> Int { WinogradTransforms.columnSize * sizes.tiles * 16 }

    /// As ``WinogradColumnsInRegisters/compute(_:_:weights:scratch:to:)``.
    @inline(__always)
    static func compute<Sizes: WinogradSizes>(_ sizes: Sizes, _ inputs: Input, weights: Input, scratch: Output, to columns: Output) {
        for row in stride(from: 0, to: WinogradTransforms.columnSize, by: Group.count) {
            let inputs = inputs + row * sizes.rowSize * sizes.tiles * sizes.c1Stride
            let weights = weights + row * sizes.rowSize * sizes.c1 * 16
            let sums = scratch + row * sizes.tiles * 16
            var tile = 0
            @inline(__always) func compute<Sums: AccumulatorRows>(_: Sums.Type) where Sums.Row.Vector == SIMD16<Float> {
                while tile + Sums.Row.count <= sizes.tiles {
                    WinogradSums.compute(Sums.self, sizes, inputs + tile * sizes.c1Stride, weights)
                        .store(to: sums + tile * 16, stride: 16, rowStride: sizes.tiles * 16)
                    tile += Sums.Row.count
                }
            }
            compute(Group.self)
            compute(Rest.self)
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
                weights + channel * 16, factorStride: sizes.rowSize * sizes.c1 * 16, broadcasting: inputs + channel, stride: sizes.c1Stride,
                rowStride: sizes.rowSize * sizes.tiles * sizes.c1Stride)
        }
        return sums
    }
}
