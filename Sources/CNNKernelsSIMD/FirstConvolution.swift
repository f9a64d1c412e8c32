import CNNKernels

/// The first convolution: some pixels of a row by one vector of channels at a time, each weight loaded once for them, pixels broadcast.
enum FirstConvolution {
    static func forward(
        _ g: Geometry, input: Input, weights: Input, bias: Input, ink: UnsafePointer<InkSpan>, blank: Input?, output: Output
    ) {
        let image = Image(input: input, weights: weights, bias: bias, ink: ink, blank: blank, output: output)
        switch g.kernelSize {
        case 3: forward(g, FixedSide<3>(), image)
        case 5: forward(g, FixedSide<5>(), image)
        default: forward(g, VariableSide(kernelSize: g.kernelSize), image)
        }
    }

    /// An image's tensors, and the layer's.
    private struct Image {
        let input: Input
        let weights: Input
        let bias: Input
        let ink: UnsafePointer<InkSpan>
        let blank: Input?
        let output: Output
    }

    @inline(__always)
    private static func forward<Side: KernelSide>(_ g: Geometry, _ side: Side, _ image: Image) {
        if let blank = image.blank { copy(g, blank, to: image.output) }
        if g.c1Stride == 8 {
            forward(g, side, FirstConvolutionTile8.self, channel: 0, image)
        } else {
            for channel in stride(from: 0, to: g.c1Stride - 8, by: 16) {
                forward(g, side, FirstConvolutionTile16.self, channel: channel, image)
            }
            if g.c1Stride % 16 != 0 { forward(g, side, FirstConvolutionTile8.self, channel: g.c1Stride - 8, image) }
        }
    }

    /// Copies an image without ink.
    @inline(__always)
    private static func copy(_ g: Geometry, _ blank: Input, to output: Output) {
        for y in 0..<g.height {
            @inline(__always) func first(_ y: Int) -> Int { ((y + g.padding) * g.paddedWidth + g.padding) * g.c1Stride }
            let source = blank + first(Blankness.row(g, y))
            let target = output + first(y)
            for i in stride(from: 0, to: g.width * g.c1Stride, by: 8) { SIMD8<Float>.load(source + i).store(to: target + i) }
        }
    }

    /// The channels of one vector from `channel` on, of the pixels that depend on ink, or of all of them.
    @inline(__always)
    private static func forward<Side: KernelSide, Tile: Accumulators>(
        _ g: Geometry, _ side: Side, _: Tile.Type, channel: Int, _ image: Image
    ) {
        let output = image.output + (g.padding * g.paddedWidth + g.padding) * g.c1Stride + channel
        @inline(__always) func compute<Pixels: Accumulators>(_: Pixels.Type, at pixel: Int) where Pixels.Vector == Tile.Vector {
            pixels(
                g, side, Pixels.self, image.input + pixel, image.weights + channel, .load(image.bias + channel), output + pixel * g.c1Stride
            )
        }
        guard g.width >= Tile.count else {
            for y in 0..<g.height {
                for x in 0..<g.width { compute(Single<Tile.Vector>.self, at: y * g.paddedWidth + x) }
            }
            return
        }
        let tilesOfRow = (g.width + Tile.count - 1) / Tile.count
        withUnsafeTemporaryAllocation(of: Int32.self, capacity: (g.height + 1) * tilesOfRow) { tiles in
            let count = list(g, Tile.self, image, tilesOfRow, into: tiles.baseAddress!)
            for tile in 0..<count { compute(Tile.self, at: Int(tiles[tile])) }
        }
    }

    /// Lists the tiles of pixels that cover the columns in question of each row, each by its first pixel's place in the input. The last one of a row overlaps the one before it where it must.
    ///
    /// Where ink begins and ends cannot be foreseen. So that branches depend on it once an image, and not several times a row, as many places as a row may have are written for each.
    @inline(__always)
    private static func list<Tile: Accumulators>(
        _ g: Geometry, _: Tile.Type, _ image: Image, _ tilesOfRow: Int, into tiles: UnsafeMutablePointer<Int32>
    ) -> Int {
        var count = 0
        for y in 0..<g.height {
            let columns =
                image.blank == nil ? 0..<g.width : Blankness.inkedColumns(g, image.ink, rows: y..<y + 1, within: g.padding)
            for tile in 0..<tilesOfRow {
                let x = min(columns.lowerBound + tile * Tile.count, g.width - Tile.count)
                tiles[count + tile] = Int32(truncatingIfNeeded: y * g.paddedWidth + x)
            }
            count += (columns.count + Tile.count - 1) / Tile.count
        }
        return count
    }

    /// Neighbouring pixels; `input` points at the top-left tap of the first.
    @inline(__always)
    private static func pixels<Side: KernelSide, Row: Accumulators>(
        _ g: Geometry, _ side: Side, _: Row.Type, _ input: Input, _ weights: Input, _ bias: Row.Vector, _ output: Output
    ) {
        var sums = Row(repeating: bias)
        for ky in 0..<side.kernelSize {
            for kx in 0..<side.kernelSize {
                let weight = weights + (ky * side.kernelSize + kx) * g.c1Stride
                sums.addProducts(Row.Vector.load(weight), broadcasting: input + ky * g.paddedWidth + kx, stride: 1)
            }
        }
        sums.storeRectified(to: output, stride: g.c1Stride)
    }
}

/// The side of a kernel.
private protocol KernelSide {
    var kernelSize: Int { get }
}

/// One that the compiler knows.
private struct FixedSide<let side: Int>: KernelSide {
    var kernelSize: Int { @inline(__always) get { side } }
}

private struct VariableSide: KernelSide {
    let kernelSize: Int
}
