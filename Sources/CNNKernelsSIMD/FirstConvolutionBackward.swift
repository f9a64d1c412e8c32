import CNNKernels

/// The way back through the first convolution's ReLU to its weights: all pixels for the taps whose sums fit the registers, 8 channels at a time.
enum FirstConvolutionBackward {
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
