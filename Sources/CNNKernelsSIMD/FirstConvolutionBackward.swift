import CNNKernels

/// The way back through the first convolution's ReLU to its weights: all pixels for the taps whose sums fit the registers, some channels at a time.
enum FirstConvolutionBackward {
    static func backward(
        _ g: Geometry, activationGradients: Output, activations: Input, input: Input, weightGradients: Output, biasGradients: Output
    ) {
        var channel = 0
        /// As many channels as `Taps` treats together, while there are so many.
        @inline(__always) func pass<Taps: FirstConvolutionTaps>(_: Taps.Type) {
            while channel + Taps.channels <= g.c1Stride {
                Taps.backward(
                    g, activationGradients + channel, gates: activations + channel, input: input, weightGradients + channel,
                    biasGradients: biasGradients + channel)
                channel += Taps.channels
            }
        }
        switch g.kernelSize {
        case 1: pass(RowsOfTaps<SingleRow<Single<SIMD8<Float>>>>.self)
        case 3:
            pass(FirstThreeByThreeTaps16.self)
            pass(FirstThreeByThreeTaps8.self)
        case 5:
            pass(FirstFiveByFiveTaps16.self)
            pass(FirstFiveByFiveTaps8.self)
        case 7: pass(RowsOfTaps<SingleRow<Seven<SIMD8<Float>>>>.self)
        case 9: pass(RowsOfTaps<SingleRow<Join<Eight<SIMD8<Float>>, Single<SIMD8<Float>>>>>.self)
        case 11: pass(RowsOfTaps<SingleRow<Join<Eight<SIMD8<Float>>, Three<SIMD8<Float>>>>>.self)
        default: preconditionFailure("A kernel's side is odd, 1 to 11, not \(g.kernelSize).")
        }
    }
}

/// How the first convolution's way back adds up its taps' gradients. Each sum takes the pixels in their order.
protocol FirstConvolutionTaps {
    /// Channels that are treated together.
    static var channels: Int { get }
    /// Adds what passes back through ReLU, `gradients` where `gates` is above 0, to the gradients of the weights and of the bias. Of the channels that are treated `gradients` is zero afterwards.
    static func backward(_ g: Geometry, _ gradients: Output, gates: Input, input: Input, _ weightGradients: Output, biasGradients: Output)
}

/// All pixels for as many rows of the kernel's taps as there are in `Taps`, then for the next ones; their sums are in registers.
enum RowsOfTaps<Taps: AccumulatorRows>: FirstConvolutionTaps {
    private typealias Vector = Taps.Row.Vector

    static var channels: Int { @inline(__always) get { Vector.scalarCount } }

    static func backward(_ g: Geometry, _ gradients: Output, gates: Input, input: Input, _ weightGradients: Output, biasGradients: Output) {
        let rowSize = Taps.Row.count * g.c1Stride
        var row = 0
        @inline(__always) func pass<Rows: AccumulatorRows>(_: Rows.Type) where Rows.Row == Taps.Row {
            let shifted = input + row * g.paddedWidth
            let isLast = row + Rows.count == Taps.Row.count
            add(
                g, Rows.self, gradients, gates, shifted, weightGradients + row * rowSize, biasGradients: row == 0 ? biasGradients : nil,
                clears: isLast)
            row += Rows.count
        }
        while row + Taps.count <= Taps.Row.count { pass(Taps.self) }
        while row < Taps.Row.count { pass(SingleRow<Taps.Row>.self) }
    }

    @inline(__always)
    private static func add<Rows: AccumulatorRows>(
        _ g: Geometry, _: Rows.Type, _ gradients: Output, _ gates: Input, _ input: Input, _ weightGradients: Output,
        biasGradients: Output?, clears: Bool
    ) where Rows.Row == Taps.Row {
        let rowStride = Rows.Row.count * g.c1Stride
        var weightSums = Rows(loading: Input(weightGradients), stride: g.c1Stride, rowStride: rowStride)
        var biasSums = biasGradients.map { Vector.load($0) } ?? .zero
        for y in 0..<g.height {
            let row = ((y + g.padding) * g.paddedWidth + g.padding) * g.c1Stride
            for x in 0..<g.width {
                let gradient = gatedGradient(Vector.self, gradients, gates, at: row + x * g.c1Stride)
                biasSums = biasSums.adding(gradient)
                weightSums.addProducts(gradient, broadcasting: input + y * g.paddedWidth + x, stride: 1, rowStride: g.paddedWidth)
            }
            if clears { clear(Vector.self, g, gradients, afterRow: y) }
        }
        weightSums.store(to: weightGradients, stride: g.c1Stride, rowStride: rowStride)
        if let biasGradients { biasSums.store(to: biasGradients) }
    }
}

/// The gradients that pass back through ReLU: those whose activation is above 0.
@inline(__always)
func gatedGradient<V: Lanes>(_: V.Type, _ gradients: Output, _ gates: Input, at offset: Int) -> V {
    V.load(gradients + offset).gated(by: V.load(gates + offset))
}

/// Zeroes the gradients of a vector's channels for row `y` of an image, which has just been read for the last time and so is in the cache, its border, and with the first and the last row the border above and below.
@inline(__always)
func clear<V: Lanes>(_: V.Type, _ g: Geometry, _ gradients: Output, afterRow y: Int) {
    let first = y == 0 ? 0 : y + g.padding
    let end = y == g.height - 1 ? g.paddedHeight : y + g.padding + 1
    for pixel in first * g.paddedWidth..<end * g.paddedWidth { V.zero.store(to: gradients + pixel * g.c1Stride) }
}
