import CNNKernels

/// The first convolution: tiles of pixels, and their channels a vector at a time.
enum FirstConvolution {
    static func forward(
        _ g: Geometry, input: Input, weights: Input, bias: Input, ink: UnsafePointer<InkSpan>, blank: Input?,
        tiles: UnsafeMutablePointer<Int32>, output: Output
    ) {
        var image = Image(input: input, weights: weights, bias: bias, ink: ink, blank: blank, tiles: tiles, output: output)
        typealias Tiles8 = FirstConvolutionTiles8
        typealias Whole8 = FirstConvolutionWholeTiles8
        typealias Tiles16 = FirstConvolutionTiles16
        let width = max(blank == nil ? Whole8.width : Tiles8.width, Tiles16.width)
        let height = max(blank == nil ? Whole8.height : Tiles8.height, Tiles16.height)
        guard g.width >= width, g.height >= height else {
            // The list has no room for single pixels.
            image.blank = nil
            let side = VariableSide(kernelSize: g.kernelSize)
            typealias Pixel8 = TapByTap<Single<SIMD8<Float>>>
            return forward(g, side, Pixel8.self, whole: Pixel8.self, TapByTap<Single<SIMD16<Float>>>.self, image)
        }
        switch g.kernelSize {
        case 3: forward(g, FixedSide<3>(), Tiles8.self, whole: Whole8.self, Tiles16.self, image)
        case 5: forward(g, FixedSide<5>(), Tiles8.self, whole: Whole8.self, Tiles16.self, image)
        default:
            let side = VariableSide(kernelSize: g.kernelSize)
            typealias Row8 = TapByTap<FirstConvolutionTile8>
            forward(g, side, Row8.self, whole: Row8.self, TapByTap<FirstConvolutionTile16>.self, image)
        }
    }

    /// An image's tensors, and the layer's.
    private struct Image {
        let input: Input
        let weights: Input
        let bias: Input
        let ink: UnsafePointer<InkSpan>
        var blank: Input?
        /// The number of tiles in the list, and the list: the row of a tile's first pixel in the upper 16 bits, the column in the lower ones.
        let tiles: UnsafeMutablePointer<Int32>
        let output: Output

        /// Whether the list says where the output differs from the blank image.
        var isNoted: Bool { tiles[0] >= 0 }
    }

    /// - Parameter whole: For 8 channels of an image of which all is computed.
    @inline(__always)
    private static func forward<
        Side: KernelSide, Tiles8: FirstConvolutionTiles, Whole8: FirstConvolutionTiles, Tiles16: FirstConvolutionTiles
    >(_ g: Geometry, _ side: Side, _: Tiles8.Type, whole _: Whole8.Type, _: Tiles16.Type, _ image: Image) {
        let sixteens = g.c1Stride / 16 * 16
        guard let blank = image.blank else {
            image.tiles[0] = -1
            forwardWhole(g, side, Tiles16.self, channels: 0..<sixteens, image)
            forwardWhole(g, side, Whole8.self, channels: sixteens..<g.c1Stride, image)
            return
        }
        if sixteens == 0 {
            restore(g, Tiles8.self, image, blank)
            forward(g, side, Tiles8.self, channels: 0..<8, image)
        } else {
            restore(g, Tiles16.self, image, blank)
            forward(g, side, Tiles16.self, channels: 0..<sixteens, image)
            if sixteens < g.c1Stride {
                forward(g, side, Tiles8.self, channels: sixteens..<g.c1Stride, image)
                // The other channels had other tiles.
                image.tiles[0] = -1
            }
        }
    }

    /// Makes the output the blank image again: where the tiles of the image before differ from it, or everywhere if that is not known.
    @inline(__always)
    private static func restore<Tiles: FirstConvolutionTiles>(_ g: Geometry, _: Tiles.Type, _ image: Image, _ blank: Input) {
        @inline(__always) func place(_ y: Int, _ x: Int) -> Int { ((y + g.padding) * g.paddedWidth + g.padding + x) * g.c1Stride }
        @inline(__always) func copy(_ pixels: Int, y: Int, x: Int) {
            let source = blank + place(Blankness.row(g, y), x)
            let target = image.output + place(y, x)
            let last = pixels * g.c1Stride - 8
            for i in stride(from: 0, to: last, by: 16) { SIMD16<Float>.load(source + i).store(to: target + i) }
            SIMD8<Float>.load(source + last).store(to: target + last)
        }
        guard image.isNoted else {
            for y in 0..<g.height { copy(g.width, y: y, x: 0) }
            return
        }
        for tile in 0..<Int(image.tiles[0]) {
            let first = Int(image.tiles[1 + tile])
            for row in 0..<Tiles.height { copy(Tiles.width, y: first >> 16 + row, x: first & 0xFFFF) }
        }
    }

    /// Some channels of all pixels.
    @inline(__always)
    private static func forwardWhole<Side: KernelSide, Tiles: FirstConvolutionTiles>(
        _ g: Geometry, _ side: Side, _: Tiles.Type, channels: Range<Int>, _ image: Image
    ) {
        if channels.isEmpty { return }
        Tiles.withWeights(g, side, image.weights + channels.lowerBound) { weights in
            // Where a tile would reach beyond the image it overlaps the one before it.
            let (lastRow, lastColumn) = (g.height - Tiles.height, g.width - Tiles.width)
            for y in stride(from: 0, to: g.height, by: Tiles.height) {
                let row = min(y, lastRow) * g.paddedWidth
                for x in stride(from: 0, to: g.width, by: Tiles.count * Tiles.width) {
                    compute(
                        g, side, Tiles.self, channels, image, weights, row + min(x, lastColumn),
                        row + min(x + (Tiles.count - 1) * Tiles.width, lastColumn))
                }
            }
        }
    }

    /// Some channels of the pixels that depend on ink.
    @inline(__always)
    private static func forward<Side: KernelSide, Tiles: FirstConvolutionTiles>(
        _ g: Geometry, _ side: Side, _: Tiles.Type, channels: Range<Int>, _ image: Image
    ) {
        Tiles.withWeights(g, side, image.weights + channels.lowerBound) { weights in
            list(g, side, Tiles.self, image)
            @inline(__always) func pixel(_ tile: Int) -> Int {
                let place = Int(image.tiles[1 + tile])
                return (place >> 16) * g.paddedWidth + place & 0xFFFF
            }
            let count = Int(image.tiles[0])
            for tile in stride(from: 0, to: count, by: Tiles.count) {
                compute(g, side, Tiles.self, channels, image, weights, pixel(tile), pixel(min(tile + Tiles.count, count) - 1))
            }
        }
    }

    /// Some channels of the tiles whose first pixels are `pixel` and, if there are two, `last`.
    @inline(__always)
    private static func compute<Side: KernelSide, Tiles: FirstConvolutionTiles>(
        _ g: Geometry, _ side: Side, _: Tiles.Type, _ channels: Range<Int>, _ image: Image, _ weights: Input, _ pixel: Int, _ last: Int
    ) {
        let output = image.output + (g.padding * g.paddedWidth + g.padding + pixel) * g.c1Stride + channels.lowerBound
        let bias = image.bias + channels.lowerBound
        for channel in stride(from: 0, to: channels.count, by: Tiles.channels) {
            Tiles.compute(
                g, side, image.input + pixel, weights: weights + channel, bias: bias + channel, distance: last - pixel, output + channel)
        }
    }

    /// Lists the tiles of pixels that cover the columns in question of each row. The last one of a row overlaps the one before it where it must.
    ///
    /// Where ink begins and ends cannot be foreseen. So that branches depend on it once an image, and not several times a row, as many places as a row may have are written for each.
    /// A function of its own, whose numbers fit the registers.
    @inline(never)
    private static func list<Side: KernelSide, Tiles: FirstConvolutionTiles>(_ g: Geometry, _ side: Side, _: Tiles.Type, _ image: Image) {
        let tilesOfRow = (g.width + Tiles.width - 1) / Tiles.width
        let tiles = image.tiles + 1
        var count = 0
        for next in stride(from: 0, to: g.height, by: Tiles.height) {
            let y = min(next, g.height - Tiles.height)
            let columns = Blankness.inkedColumns(g, image.ink, rows: y..<y + Tiles.height, within: (side.kernelSize - 1) / 2)
            for tile in 0..<tilesOfRow {
                let x = min(columns.lowerBound + tile * Tiles.width, g.width - Tiles.width)
                tiles[count + tile] = Int32(truncatingIfNeeded: y << 16 | x)
            }
            count += (columns.count + Tiles.width - 1) / Tiles.width
        }
        image.tiles[0] = Int32(truncatingIfNeeded: count)
    }
}

/// The side of a kernel.
protocol KernelSide {
    var kernelSize: Int { get }
}

/// One that the compiler knows.
struct FixedSide<let side: Int>: KernelSide {
    var kernelSize: Int { @inline(__always) get { side } }
}

private struct VariableSide: KernelSide {
    let kernelSize: Int
}
