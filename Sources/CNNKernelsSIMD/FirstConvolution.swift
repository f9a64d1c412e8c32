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

    static func backward(
        _ g: Geometry, activationGradients: Input, activations: Input, input: Input, weightGradients: Output, biasGradients: Output
    ) {
        for channel in stride(from: 0, to: g.c1Stride, by: 8) {
            let gradients = activationGradients + channel
            let gates = activations + channel
            let weights = weightGradients + channel
            switch g.kernelSize {
            case 3: taps(g, ThreeRows<Three<SIMD8<Float>>>.self, gradients, gates, input, weights, biasGradients: biasGradients + channel)
            case 5: backward(g, FiveByFiveRows.self, gradients, gates, input, weights, biasGradients + channel)
            default: backwardByTap(g, gradients, gates, input, weights, biasGradients + channel)
            }
        }
    }

    /// 8 channels, as many rows of a kernel's taps at a time as there are in `Taps`, their sums in registers.
    @inline(__always)
    private static func backward<Taps: AccumulatorRows>(
        _ g: Geometry, _: Taps.Type, _ gradients: Input, _ gates: Input, _ input: Input, _ weightGradients: Output, _ biasGradients: Output
    ) {
        let rowSize = Taps.Row.count * g.c1Stride
        var row = 0
        @inline(__always) func pass<Rows: AccumulatorRows>(_: Rows.Type) {
            let shifted = input + row * g.paddedWidth
            taps(g, Rows.self, gradients, gates, shifted, weightGradients + row * rowSize, biasGradients: row == 0 ? biasGradients : nil)
            row += Rows.count
        }
        while row + Taps.count <= g.kernelSize { pass(Taps.self) }
        while row < g.kernelSize { pass(SingleRow<Taps.Row>.self) }
    }

    /// Some rows of taps of 8 channels, their sums in registers.
    @inline(__always)
    private static func taps<Taps: AccumulatorRows>(
        _ g: Geometry, _: Taps.Type, _ gradients: Input, _ gates: Input, _ input: Input, _ weightGradients: Output, biasGradients: Output?
    ) {
        typealias Vector = Taps.Row.Vector
        let rowStride = Taps.Row.count * g.c1Stride
        var weightSums = Taps(loading: Input(weightGradients), stride: g.c1Stride, rowStride: rowStride)
        var biasSums = biasGradients.map { Vector.load($0) } ?? .zero
        for y in 0..<g.height {
            let row = ((y + g.padding) * g.paddedWidth + g.padding) * g.c1Stride
            for x in 0..<g.width {
                let gradient = gatedGradient(Vector.self, gradients, gates, at: row + x * g.c1Stride)
                biasSums = biasSums.adding(gradient)
                weightSums.addProducts(gradient, broadcasting: input + y * g.paddedWidth + x, stride: 1, rowStride: g.paddedWidth)
            }
        }
        weightSums.store(to: weightGradients, stride: g.c1Stride, rowStride: rowStride)
        if let biasGradients { biasSums.store(to: biasGradients) }
    }

    /// 8 channels, any kernel size: one pass over the image for each tap.
    private static func backwardByTap(
        _ g: Geometry, _ gradients: Input, _ gates: Input, _ input: Input, _ weightGradients: Output, _ biasGradients: Output
    ) {
        typealias Vector = SIMD8<Float>
        for tap in 0..<g.taps {
            var weightSum = Vector.load(weightGradients + tap * g.c1Stride)
            var biasSum = Vector.load(biasGradients)
            let shifted = input + tap / g.kernelSize * g.paddedWidth + tap % g.kernelSize
            for y in 0..<g.height {
                let row = ((y + g.padding) * g.paddedWidth + g.padding) * g.c1Stride
                for x in 0..<g.width {
                    let gradient = gatedGradient(Vector.self, gradients, gates, at: row + x * g.c1Stride)
                    biasSum = biasSum.adding(gradient)
                    weightSum.addProduct(gradient, Vector(repeating: shifted[y * g.paddedWidth + x]))
                }
            }
            weightSum.store(to: weightGradients + tap * g.c1Stride)
            if tap == g.taps - 1 { biasSum.store(to: biasGradients) }
        }
    }

    /// The gradients that pass back through ReLU: those whose activation is above 0.
    @inline(__always)
    private static func gatedGradient<V: Lanes>(_: V.Type, _ gradients: Input, _ gates: Input, at offset: Int) -> V {
        V.load(gradients + offset).gated(by: V.load(gates + offset))
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
