import CNNKernels

/// The sizes that the loops of Winograd's form run over.
private protocol WinogradSizes {
    /// A vector of input channels.
    associatedtype Channels: Lanes
    /// Points of a row, 6 or 8.
    var rowSize: Int { get }
    var c1: Int { get }
    var c1Stride: Int { get }
    /// Tiles in a row of an image.
    var tiles: Int { get }
}

/// Sizes that the compiler knows.
private struct FixedSizes<Channels: Lanes, let pointsOfRow: Int, let channels: Int, let tilesOfRow: Int>: WinogradSizes {
    var rowSize: Int { @inline(__always) get { pointsOfRow } }
    var c1: Int { @inline(__always) get { channels } }
    var c1Stride: Int { @inline(__always) get { (channels + 7) / 8 * 8 } }
    var tiles: Int { @inline(__always) get { tilesOfRow } }
}

/// Any sizes but that of a row's points.
private struct VariableSizes<let pointsOfRow: Int>: WinogradSizes {
    typealias Channels = SIMD8<Float>
    let c1: Int
    let c1Stride: Int
    let tiles: Int
    var rowSize: Int { @inline(__always) get { pointsOfRow } }

    init(_ g: Geometry) {
        c1 = g.c1
        c1Stride = g.c1Stride
        tiles = g.width / WinogradTransforms.tileWidth
    }
}

extension WinogradSizes {
    /// Points of a tile.
    var points: Int { @inline(__always) get { WinogradTransforms.columnSize * rowSize } }
    /// Rows of a tile: `rowSize` - 3 is the side of the kernel.
    var tileHeight: Int { @inline(__always) get { WinogradTransforms.columnSize + 4 - rowSize } }
    /// Pixels of an image's row.
    var width: Int { @inline(__always) get { tiles * WinogradTransforms.tileWidth } }
    /// The same with the padding.
    var paddedWidth: Int { @inline(__always) get { width + rowSize - 4 } }
}

/// The second convolution in Winograd's form: a strip of two or four rows of pixels at a time. Its inputs are transformed once for all channels of the output, the products of a
/// row of tiles are added up in registers, and their outputs are pooled while they are in the cache.
enum WinogradConvolution {
    typealias Vector = SIMD16<Float>

    static func forward(
        _ g: Geometry, activations: Input, weights: Input, bias: Input, features: Output, winners: UnsafeMutablePointer<Int32>
    ) {
        let image = Image(activations: activations, weights: weights, bias: bias, features: features, winners: winners)
        switch (g.rowSize, g.c1, g.width) {
        // The study's shapes.
        case (6, 8, 28): forward(g, FixedSizes<SIMD8<Float>, 6, 8, 7>(), image)
        case (6, 16, 28): forward(g, FixedSizes<SIMD16<Float>, 6, 16, 7>(), image)
        case (8, 8, 28): forward(g, FixedSizes<SIMD8<Float>, 8, 8, 7>(), image)
        case (6, _, _): forward(g, VariableSizes<6>(g), image)
        default: forward(g, VariableSizes<8>(g), image)
        }
    }

    /// One image's tensors, and the layer's.
    private struct Image {
        let activations: Input
        let weights: Input
        let bias: Input
        let features: Output
        let winners: UnsafeMutablePointer<Int32>
    }

    private static func forward<Sizes: WinogradSizes>(_ g: Geometry, _ sizes: Sizes, _ image: Image) {
        // A strip's inputs, transformed along the columns: (point in the column, padded column, c1).
        let columnCount = WinogradTransforms.columnSize * sizes.paddedWidth * sizes.c1Stride
        // The same, transformed along the rows too: (point, tile, c1).
        let inputCount = sizes.points * sizes.tiles * sizes.c1Stride
        // A strip's sums of products: (point, tile, 16 channels).
        let sumCount = sizes.points * sizes.tiles * 16
        // A strip's pixels: (row, column, 16 channels).
        let pixelCount = sizes.tileHeight * sizes.width * 16
        withScratch(count: columnCount + inputCount + sumCount + pixelCount) { columns in
            let inputs = columns + columnCount
            let sums = inputs + inputCount
            let pixels = sums + sumCount
            for y in stride(from: 0, to: g.height, by: sizes.tileHeight) {
                transformColumns(sizes, image.activations + y * sizes.paddedWidth * sizes.c1Stride, to: columns)
                transformRows(sizes, Input(columns), to: inputs)
                for block in 0..<g.c2Stride / 16 {
                    products(sizes, Input(inputs), image.weights + block * sizes.points * sizes.c1 * 16, to: sums)
                    outputs(sizes, Input(sums), to: pixels)
                    Pooling.pool(
                        g, Input(pixels), rows: sizes.tileHeight, y: y, block: block, bias: image.bias, features: image.features,
                        winners: image.winners)
                }
            }
        }
    }

    /// Transforms a strip of padded rows along the columns, 16 floats of all rows at a time, whatever pixels and channels they belong to: their number is a multiple of 16.
    @inline(__always)
    private static func transformColumns<Sizes: WinogradSizes>(_ sizes: Sizes, _ activations: Input, to columns: Output) {
        let rowStride = sizes.paddedWidth * sizes.c1Stride
        for i in stride(from: 0, to: rowStride, by: 16) {
            WinogradTransforms.inputs(
                Vector.self, size: WinogradTransforms.columnSize, activations + i, stride: rowStride, to: columns + i, stride: rowStride)
        }
    }

    /// Transforms a strip along the rows.
    @inline(__always)
    private static func transformRows<Sizes: WinogradSizes>(_ sizes: Sizes, _ columns: Input, to inputs: Output) {
        for row in 0..<WinogradTransforms.columnSize {
            for tile in 0..<sizes.tiles {
                let source = columns + (row * sizes.paddedWidth + tile * WinogradTransforms.tileWidth) * sizes.c1Stride
                let target = inputs + (row * sizes.rowSize * sizes.tiles + tile) * sizes.c1Stride
                for channel in stride(from: 0, to: sizes.c1Stride, by: Sizes.Channels.scalarCount) {
                    WinogradTransforms.inputs(
                        Sizes.Channels.self, size: sizes.rowSize, source + channel, stride: sizes.c1Stride, to: target + channel,
                        stride: sizes.tiles * sizes.c1Stride)
                }
            }
        }
    }

    /// The sums of a strip's products with one block of weights, as many points and tiles at a time as fit the registers.
    @inline(__always)
    private static func products<Sizes: WinogradSizes>(_ sizes: Sizes, _ inputs: Input, _ weights: Input, to sums: Output) {
        for point in stride(from: 0, to: sizes.points, by: ProductTile.count) {
            let pointInputs = inputs + point * sizes.tiles * sizes.c1Stride
            let pointWeights = weights + point * sizes.c1 * 16
            let pointSums = sums + point * sizes.tiles * 16
            var tile = 0
            while tile + ProductTile.Row.count <= sizes.tiles {
                products(ProductTile.self, sizes, pointInputs + tile * sizes.c1Stride, pointWeights, to: pointSums + tile * 16)
                tile += ProductTile.Row.count
            }
            while tile < sizes.tiles {
                products(ProductColumn.self, sizes, pointInputs + tile * sizes.c1Stride, pointWeights, to: pointSums + tile * 16)
                tile += 1
            }
        }
    }

    /// A group of accumulators, a row a point, a column a tile.
    @inline(__always)
    private static func products<Sizes: WinogradSizes, Group: AccumulatorRows>(
        _: Group.Type, _ sizes: Sizes, _ inputs: Input, _ weights: Input, to sums: Output
    ) where Group.Row.Vector == Vector {
        var group = Group(repeating: .zero)
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
                storeRow(size: size, c0.0, c1.0, c2.0, c3.0, c4.0, c5.0, c6.0, c7.0, to: first)
                storeRow(size: size, c0.1, c1.1, c2.1, c3.1, c4.1, c5.1, c6.1, c7.1, to: first + rowStride)
            } else {
                @inline(__always) func even(_ c: Int) -> (Vector, Vector) {
                    WinogradTransforms.evenOutputs(size: 6, m(0, c), m(1, c), m(2, c), m(3, c), m(4, c), m(5, c), .zero, .zero)
                }
                let (e0, e1, e2, e3, e4, e5) = (even(0), even(1), even(2), even(3), even(4), even(5))
                storeRow(size: size, e0.0, e1.0, e2.0, e3.0, e4.0, e5.0, .zero, .zero, to: first)
                storeRow(size: size, e0.1, e1.1, e2.1, e3.1, e4.1, e5.1, .zero, .zero, to: first + 2 * rowStride)
                @inline(__always) func odd(_ c: Int) -> (Vector, Vector) {
                    WinogradTransforms.oddOutputs(size: 6, m(0, c), m(1, c), m(2, c), m(3, c), m(4, c), m(5, c), .zero, .zero)
                }
                let (o0, o1, o2, o3, o4, o5) = (odd(0), odd(1), odd(2), odd(3), odd(4), odd(5))
                storeRow(size: size, o0.0, o1.0, o2.0, o3.0, o4.0, o5.0, .zero, .zero, to: first + rowStride)
                storeRow(size: size, o0.1, o1.1, o2.1, o3.1, o4.1, o5.1, .zero, .zero, to: first + 3 * rowStride)
            }
        }
    }

    /// Transforms a row of a tile whose columns are transformed already, and stores its four pixels.
    @inline(__always)
    private static func storeRow(
        size: Int, _ m0: Vector, _ m1: Vector, _ m2: Vector, _ m3: Vector, _ m4: Vector, _ m5: Vector, _ m6: Vector, _ m7: Vector,
        to pixels: Output
    ) {
        let even = WinogradTransforms.evenOutputs(size: size, m0, m1, m2, m3, m4, m5, m6, m7)
        let odd = WinogradTransforms.oddOutputs(size: size, m0, m1, m2, m3, m4, m5, m6, m7)
        even.0.store(to: pixels)
        odd.0.store(to: pixels + 16)
        even.1.store(to: pixels + 32)
        odd.1.store(to: pixels + 48)
    }
}
