import CNNKernels

/// Winograd's outputs with few registers: the sums of all points first, then their transforms along both directions.
///
/// A `Group` has the points and tiles that are computed together, a row a point, a column a tile; a `Rest` has as many points, and one of the tiles that are left.
enum WinogradOutputsByPoints<Group: AccumulatorRows, Rest: AccumulatorRows>
where Group.Row.Vector == SIMD16<Float>, Rest.Row.Vector == SIMD16<Float> {
    private typealias Vector = SIMD16<Float>

    /// Floats that the sums of a strip take: (point, tile, 16 channels).
    static func sumCount<Sizes: WinogradSizes>(_ sizes: Sizes) -> Int { sizes.points * sizes.tiles * 16 }

    /// A strip's pixels before bias: (row, column, 16 channels), from its transformed inputs and one block of weights.
    @inline(__always)
    static func compute<Sizes: WinogradSizes>(_ sizes: Sizes, _ inputs: Input, weights: Input, sums: Output, to pixels: Output) {
        products(sizes, inputs, weights, to: sums)
        outputs(sizes, Input(sums), to: pixels)
    }

    /// The sums of a strip's products with one block of weights, as many points and tiles at a time as fit the registers.
    @inline(__always)
    private static func products<Sizes: WinogradSizes>(_ sizes: Sizes, _ inputs: Input, _ weights: Input, to sums: Output) {
        for point in stride(from: 0, to: sizes.points, by: Group.count) {
            let pointInputs = inputs + point * sizes.tiles * sizes.c1Stride
            let pointWeights = weights + point * sizes.c1 * 16
            let pointSums = sums + point * sizes.tiles * 16
            var tile = 0
            while tile + Group.Row.count <= sizes.tiles {
                products(Group.self, sizes, pointInputs + tile * sizes.c1Stride, pointWeights, to: pointSums + tile * 16)
                tile += Group.Row.count
            }
            while tile < sizes.tiles {
                products(Rest.self, sizes, pointInputs + tile * sizes.c1Stride, pointWeights, to: pointSums + tile * 16)
                tile += 1
            }
        }
    }

    /// A group of accumulators, a row a point, a column a tile.
    @inline(__always)
    private static func products<Sizes: WinogradSizes, Sums: AccumulatorRows>(
        _: Sums.Type, _ sizes: Sizes, _ inputs: Input, _ weights: Input, to sums: Output
    ) where Sums.Row.Vector == Vector {
        var group = Sums(repeating: .zero)
        for channel in 0..<sizes.c1 {
            group.addProducts(
                weights + channel * 16, factorStride: sizes.c1 * 16, broadcasting: inputs + channel, stride: sizes.c1Stride,
                rowStride: sizes.tiles * sizes.c1Stride)
        }
        group.store(to: sums, stride: 16, rowStride: sizes.tiles * 16)
    }

    /// The outputs of a row of tiles: (row, column, 16 channels). Of a tile of four rows first the even ones, then the odd ones: all would not fit the registers.
    @inline(never)
    private static func outputs<Sizes: WinogradSizes>(_ sizes: Sizes, _ sums: Input, to pixels: Output) {
        let size = sizes.rowSize
        let rowStride = sizes.width * 16
        for tile in 0..<sizes.tiles {
            @inline(__always) func m(_ row: Int, _ column: Int) -> Vector {
                column < size ? Vector.load(sums + ((row * size + column) * sizes.tiles + tile) * 16) : .zero
            }
            let first = pixels + tile * WinogradTransforms.tileWidth * 16
            if sizes.tileHeight == 2 {
                @inline(__always) func both(_ c: Int) -> (Vector, Vector) {
                    WinogradTransforms.twoOutputs(m(0, c), m(1, c), m(2, c), m(3, c), m(4, c), m(5, c))
                }
                let (c0, c1, c2, c3, c4, c5, c6, c7) = (both(0), both(1), both(2), both(3), both(4), both(5), both(6), both(7))
                WinogradTransforms.storeRow(size: size, c0.0, c1.0, c2.0, c3.0, c4.0, c5.0, c6.0, c7.0, to: first)
                WinogradTransforms.storeRow(size: size, c0.1, c1.1, c2.1, c3.1, c4.1, c5.1, c6.1, c7.1, to: first + rowStride)
            } else {
                @inline(__always) func even(_ c: Int) -> (Vector, Vector) {
                    WinogradTransforms.evenOutputs(size: 6, m(0, c), m(1, c), m(2, c), m(3, c), m(4, c), m(5, c), .zero, .zero)
                }
                let (e0, e1, e2, e3, e4, e5) = (even(0), even(1), even(2), even(3), even(4), even(5))
                WinogradTransforms.storeRow(size: size, e0.0, e1.0, e2.0, e3.0, e4.0, e5.0, .zero, .zero, to: first)
                WinogradTransforms.storeRow(size: size, e0.1, e1.1, e2.1, e3.1, e4.1, e5.1, .zero, .zero, to: first + 2 * rowStride)
                @inline(__always) func odd(_ c: Int) -> (Vector, Vector) {
                    WinogradTransforms.oddOutputs(size: 6, m(0, c), m(1, c), m(2, c), m(3, c), m(4, c), m(5, c), .zero, .zero)
                }
                let (o0, o1, o2, o3, o4, o5) = (odd(0), odd(1), odd(2), odd(3), odd(4), odd(5))
                WinogradTransforms.storeRow(size: size, o0.0, o1.0, o2.0, o3.0, o4.0, o5.0, .zero, .zero, to: first + rowStride)
                WinogradTransforms.storeRow(size: size, o0.1, o1.1, o2.1, o3.1, o4.1, o5.1, .zero, .zero, to: first + 3 * rowStride)
            }
        }
    }
}
