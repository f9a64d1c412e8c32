import CNNKernels

/// The first convolution: some pixels of a row by one vector of channels at a time, each weight loaded once for them, pixels broadcast.
enum FirstConvolution {
    static func forward(
        _ g: Geometry, input: Input, weights: Input, bias: Input, ink: UnsafePointer<InkSpan>, blank: Input?,
        tiles: UnsafeMutablePointer<Int32>, output: Output
    ) {
        let image = Image(input: input, weights: weights, bias: bias, ink: ink, blank: blank, tiles: tiles, output: output)
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
        /// The number of tiles in the list, and the list: the row of a tile's first pixel in the upper 16 bits, the column in the lower ones.
        let tiles: UnsafeMutablePointer<Int32>
        let output: Output

        /// Whether the list says where the output differs from the blank image.
        var isNoted: Bool { tiles[0] >= 0 }
    }

    @inline(__always)
    private static func forward<Side: KernelSide>(_ g: Geometry, _ side: Side, _ image: Image) {
        let whole = g.c1Stride / 16 * 16
        if whole == 0 {
            restore(g, FirstConvolutionTile8.self, image)
            forward(g, side, FirstConvolutionTile8.self, channels: 0..<8, image)
        } else {
            restore(g, FirstConvolutionTile16.self, image)
            forward(g, side, FirstConvolutionTile16.self, channels: 0..<whole, image)
            if whole < g.c1Stride {
                forward(g, side, FirstConvolutionTile8.self, channels: whole..<g.c1Stride, image)
                // The other channels had other tiles.
                image.tiles[0] = -1
            }
        }
        if image.blank == nil { image.tiles[0] = -1 }
    }

    /// Makes the output the blank image again: where the tiles of the image before differ from it, or everywhere if that is not known.
    @inline(__always)
    private static func restore<Tile: Accumulators>(_ g: Geometry, _: Tile.Type, _ image: Image) {
        guard let blank = image.blank else { return }
        @inline(__always) func copy(_ pixels: Int, y: Int, x: Int) {
            @inline(__always) func place(_ y: Int) -> Int { ((y + g.padding) * g.paddedWidth + g.padding + x) * g.c1Stride }
            let source = blank + place(Blankness.row(g, y))
            let target = image.output + place(y)
            for i in stride(from: 0, to: pixels * g.c1Stride, by: 8) { SIMD8<Float>.load(source + i).store(to: target + i) }
        }
        if image.isNoted {
            for tile in 0..<Int(image.tiles[0]) {
                let place = Int(image.tiles[1 + tile])
                copy(Tile.count, y: place >> 16, x: place & 0xFFFF)
            }
        } else {
            for y in 0..<g.height { copy(g.width, y: y, x: 0) }
        }
    }

    /// Some channels of the pixels that depend on ink, or of all of them, one vector after the other.
    @inline(__always)
    private static func forward<Side: KernelSide, Tile: Accumulators>(
        _ g: Geometry, _ side: Side, _: Tile.Type, channels: Range<Int>, _ image: Image
    ) {
        @inline(__always) func compute<Pixels: Accumulators>(_: Pixels.Type, y: Int, x: Int) where Pixels.Vector == Tile.Vector {
            let pixel = y * g.paddedWidth + x
            let output = image.output + (g.padding * g.paddedWidth + g.padding + pixel) * g.c1Stride
            for channel in stride(from: channels.lowerBound, to: channels.upperBound, by: Tile.Vector.scalarCount) {
                pixels(g, side, Pixels.self, image.input + pixel, image.weights + channel, .load(image.bias + channel), output + channel)
            }
        }
        guard g.width >= Tile.count else {
            for y in 0..<g.height {
                for x in 0..<g.width { compute(Single<Tile.Vector>.self, y: y, x: x) }
            }
            image.tiles[0] = -1
            return
        }
        list(g, Tile.self, image)
        for tile in 0..<Int(image.tiles[0]) {
            let place = Int(image.tiles[1 + tile])
            compute(Tile.self, y: place >> 16, x: place & 0xFFFF)
        }
    }

    /// Lists the tiles of pixels that cover the columns in question of each row. The last one of a row overlaps the one before it where it must.
    ///
    /// Where ink begins and ends cannot be foreseen. So that branches depend on it once an image, and not several times a row, as many places as a row may have are written for each.
    @inline(__always)
    private static func list<Tile: Accumulators>(_ g: Geometry, _: Tile.Type, _ image: Image) {
        let tilesOfRow = (g.width + Tile.count - 1) / Tile.count
        let tiles = image.tiles + 1
        var count = 0
        for y in 0..<g.height {
            let columns =
                image.blank == nil ? 0..<g.width : Blankness.inkedColumns(g, image.ink, rows: y..<y + 1, within: g.padding)
            for tile in 0..<tilesOfRow {
                let x = min(columns.lowerBound + tile * Tile.count, g.width - Tile.count)
                tiles[count + tile] = Int32(truncatingIfNeeded: y << 16 | x)
            }
            count += (columns.count + Tile.count - 1) / Tile.count
        }
        image.tiles[0] = Int32(truncatingIfNeeded: count)
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
