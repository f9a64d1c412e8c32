import CNNKernels

/// The second convolution in Winograd's form: a strip of two or four rows of pixels at a time. Its inputs are transformed once for all channels of the output, the products
/// are added up in registers, and their outputs are pooled while they are in the cache.
enum WinogradConvolution {
    static func forward(
        _ g: Geometry, activations: Input, weights: Input, bias: Input, features: Output, winners: UnsafeMutablePointer<Int32>,
        scratch: Output
    ) {
        let image = Image(
            activations: activations, weights: weights, bias: bias, features: features, winners: winners, scratch: scratch)
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
        let scratch: Output
    }

    private static func forward<Sizes: WinogradSizes>(_ g: Geometry, _ sizes: Sizes, _ image: Image) {
        // A strip's inputs, transformed along the columns: (point in the column, padded column, c1).
        let columnCount = WinogradTransforms.columnSize * sizes.paddedWidth * sizes.c1Stride
        // The same, transformed along the rows too: (point, tile, c1).
        let inputCount = sizes.points * sizes.tiles * sizes.c1Stride
        let columns = image.scratch
        let inputs = columns + columnCount
        let scratch = inputs + inputCount
        // A strip's pixels: (row, column, 16 channels).
        let pixels = scratch + WinogradOutputs.scratchCount(sizes)
        for y in stride(from: 0, to: g.height, by: sizes.tileHeight) {
            transformColumns(sizes, image.activations + y * sizes.paddedWidth * sizes.c1Stride, to: columns)
            transformRows(sizes, Input(columns), to: inputs)
            for block in 0..<g.c2Stride / 16 {
                WinogradOutputs.compute(
                    sizes, Input(inputs), weights: image.weights + block * sizes.points * sizes.c1 * 16, scratch: scratch, to: pixels)
                Pooling.pool(
                    g, Input(pixels), rows: sizes.tileHeight, y: y, block: block, bias: image.bias, features: image.features,
                    winners: image.winners)
            }
        }
    }

    /// Transforms a strip of padded rows along the columns, 16 floats of all rows at a time, whatever pixels and channels they belong to: their number is a multiple of 16.
    @inline(__always)
    private static func transformColumns<Sizes: WinogradSizes>(_ sizes: Sizes, _ activations: Input, to columns: Output) {
        let rowStride = sizes.paddedWidth * sizes.c1Stride
        for i in stride(from: 0, to: rowStride, by: 16) {
            WinogradTransforms.inputs(
                SIMD16<Float>.self, size: WinogradTransforms.columnSize, activations + i, stride: rowStride, to: columns + i,
                stride: rowStride)
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
}

/// Sizes that the compiler knows.
private struct FixedSizes<Channels: Lanes, let pointsOfRow: Int, let channels: Int, let tilesOfRow: Int>: WinogradSizes {
    var rowSize: Int { @inline(__always) get { pointsOfRow } }
    var c1: Int { @inline(__always) get { channels } }
    var c1Stride: Int { @inline(__always) get { (channels + 7) / 8 * 8 } }
    var tiles: Int { @inline(__always) get { tilesOfRow } }
}

/// Any sizes but that of a row's points. Private, so that the function that copies it is no other module's too.
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
