import CNNKernels

/// Winograd's outputs with many registers: the sums of a column's points stay there, for some tiles at once, until they are transformed along the column. That is two thirds or one third of the
/// memory that the sums of all points would take.
enum WinogradOutputsByColumns {
    private typealias Vector = SIMD16<Float>

    /// Floats that the columns of a strip take: (row of a tile, point of a row, tile, 16 channels).
    static func sumCount<Sizes: WinogradSizes>(_ sizes: Sizes) -> Int { sizes.tileHeight * sizes.rowSize * sizes.tiles * 16 }

    /// A strip's pixels before bias: (row, column, 16 channels), from its transformed inputs and one block of weights.
    @inline(__always)
    static func compute<Sizes: WinogradSizes>(_ sizes: Sizes, _ inputs: Input, weights: Input, sums: Output, to pixels: Output) {
        for point in 0..<sizes.rowSize {
            let pointInputs = inputs + point * sizes.tiles * sizes.c1Stride
            let pointWeights = weights + point * sizes.c1 * 16
            let pointSums = sums + point * sizes.tiles * 16
            var tile = 0
            @inline(__always) func columns<Row: Accumulators>(_: Row.Type) where Row.Vector == Vector {
                while tile + Row.count <= sizes.tiles {
                    Self.columns(Row.self, sizes, pointInputs + tile * sizes.c1Stride, pointWeights, to: pointSums + tile * 16)
                    tile += Row.count
                }
            }
            // MNIST's 7 tiles are 4 and 3: 24 and 18 registers, and one for the weights.
            columns(Four<Vector>.self)
            columns(Three<Vector>.self)
            columns(Single<Vector>.self)
        }
        rows(sizes, Input(sums), to: pixels)
    }

    /// The columns of some neighbouring tiles at one point of their rows.
    @inline(__always)
    private static func columns<Sizes: WinogradSizes, Row: Accumulators>(
        _: Row.Type, _ sizes: Sizes, _ inputs: Input, _ weights: Input, to sums: Output
    ) where Row.Vector == Vector {
        var group = SixRows<Row>(repeating: .zero)
        for channel in 0..<sizes.c1 {
            group.addProducts(
                weights + channel * 16, factorStride: sizes.rowSize * sizes.c1 * 16, broadcasting: inputs + channel, stride: sizes.c1Stride,
                rowStride: sizes.rowSize * sizes.tiles * sizes.c1Stride)
        }
        let (m0, m1) = (group.top.top.top.row, group.top.top.bottom.row)
        let (m2, m3) = (group.top.bottom.top.row, group.top.bottom.bottom.row)
        let (m4, m5) = (group.bottom.top.row, group.bottom.bottom.row)
        @inline(__always) func put(_ y: Int, _ row: Row) { row.store(to: sums + y * sizes.rowSize * sizes.tiles * 16, stride: 16) }
        if sizes.tileHeight == 2 {
            let both = WinogradTransforms.twoOutputs(m0, m1, m2, m3, m4, m5)
            put(0, both.0)
            put(1, both.1)
        } else {
            let even = WinogradTransforms.evenOutputs(size: 6, m0, m1, m2, m3, m4, m5, m5, m5)
            put(0, even.0)
            put(2, even.1)
            let odd = WinogradTransforms.oddOutputs(size: 6, m0, m1, m2, m3, m4, m5, m5, m5)
            put(1, odd.0)
            put(3, odd.1)
        }
    }

    /// The pixels of a strip whose columns are transformed.
    @inline(__always)
    private static func rows<Sizes: WinogradSizes>(_ sizes: Sizes, _ sums: Input, to pixels: Output) {
        let size = sizes.rowSize
        for y in 0..<sizes.tileHeight {
            for tile in 0..<sizes.tiles {
                @inline(__always) func m(_ column: Int) -> Vector {
                    Vector.load(sums + ((y * size + min(column, size - 1)) * sizes.tiles + tile) * 16)
                }
                WinogradTransforms.storeRow(
                    size: size, m(0), m(1), m(2), m(3), m(4), m(5), m(6), m(7),
                    to: pixels + (y * sizes.width + tile * WinogradTransforms.tileWidth) * 16)
            }
        }
    }
}
