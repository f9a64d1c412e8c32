import CNNKernels

/// The inputs of a batch of tiles in Winograd's form, transformed along the columns and then along the rows.
enum WinogradInputs {
    /// Writes the transformed inputs, (point, tile, c1), of a batch of tiles.
    @inline(__always)
    static func transform<Sizes: WinogradSizes>(
        _ g: Geometry, _ sizes: Sizes, _ activations: Input, tiles: UnsafePointer<TilePlace>, scratch: Output, to inputs: Output
    ) {
        func pixels(_ tile: Int) -> Input {
            let (sample, y, x) = tiles[tile]
            return activations + sample * g.activationCount + (y * g.paddedWidth + x) * g.c1Stride
        }
        let channels = sizes.c1Stride
        if channels == 8 {
            // Two tiles in a vector.
            for tile in stride(from: 0, to: sizes.tiles, by: 2) {
                transformColumns(g, sizes, of: pixels(tile), and: pixels(tile + 1), to: scratch)
                transformRows(SIMD16<Float>.self, sizes, Input(scratch), channels: 16, to: inputs + tile * 8)
            }
        } else {
            for tile in 0..<sizes.tiles {
                transformColumns(g, sizes, of: pixels(tile), to: scratch)
                if channels % 16 == 0 {
                    transformRows(SIMD16<Float>.self, sizes, Input(scratch), channels: channels, to: inputs + tile * channels)
                } else {
                    transformRows(SIMD8<Float>.self, sizes, Input(scratch), channels: channels, to: inputs + tile * channels)
                }
            }
        }
    }

    /// Transforms a tile's inputs along the columns, to (point in the column, column, c1): 16 floats of all rows at a time, whatever pixels and channels they belong to, since their number is a multiple of 16.
    @inline(__always)
    private static func transformColumns<Sizes: WinogradSizes>(
        _ g: Geometry, _ sizes: Sizes, of pixels: Input, to columns: Output
    ) {
        let rowStride = sizes.rowSize * sizes.c1Stride
        for i in stride(from: 0, to: rowStride, by: 16) {
            WinogradTransforms.inputs(size: WinogradTransforms.columnSize, to: columns + i, stride: rowStride) { row in
                SIMD16<Float>.load(pixels + i + row * g.paddedWidth * sizes.c1Stride)
            }
        }
    }

    /// Transforms the inputs of two tiles of 8 channels along the columns, to (point in the column, column, tile, c1).
    @inline(__always)
    private static func transformColumns<Sizes: WinogradSizes>(
        _ g: Geometry, _ sizes: Sizes, of first: Input, and second: Input, to columns: Output
    ) {
        for column in 0..<sizes.rowSize {
            WinogradTransforms.inputs(size: WinogradTransforms.columnSize, to: columns + column * 16, stride: sizes.rowSize * 16) { row in
                let pixel = (row * g.paddedWidth + column) * 8
                return SIMD16<Float>(lowHalf: .load(first + pixel), highHalf: .load(second + pixel))
            }
        }
    }

    /// Transforms columns, (point in the column, column, channel), along the rows, some channels at a time, whatever tiles they belong to.
    @inline(__always)
    private static func transformRows<Sizes: WinogradSizes, Channels: Lanes>(
        _: Channels.Type, _ sizes: Sizes, _ columns: Input, channels: Int, to inputs: Output
    ) {
        for row in 0..<WinogradTransforms.columnSize {
            for channel in stride(from: 0, to: channels, by: Channels.scalarCount) {
                let source = columns + row * sizes.rowSize * channels + channel
                WinogradTransforms.inputs(
                    size: sizes.rowSize, to: inputs + row * sizes.rowSize * sizes.tiles * sizes.c1Stride + channel,
                    stride: sizes.tiles * sizes.c1Stride
                ) { column in Channels.load(source + column * channels) }
            }
        }
    }
}
