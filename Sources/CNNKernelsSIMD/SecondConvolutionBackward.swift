import CNNKernels

/// The way back through pooling and the second convolution.
///
/// Pooling passes a gradient to one pixel of four and ReLU to about half of those, so the work is a list of (pixel, gradient) for each channel: a
/// quarter to an eighth of the dense arithmetic. The gradients of one channel's weights stay in registers over the whole list.
enum SecondConvolutionBackward {
    static func backward(
        _ g: Geometry, featureGradients: Input, winners: UnsafePointer<Int32>, activations: Input, weights: Input,
        activationGradients: Output, weightGradients: Output, biasGradients: Output
    ) {
        activationGradients.update(repeating: 0, count: g.activationCount)
        let maps = Maps(
            featureGradients: featureGradients, winners: winners, activations: activations, activationGradients: activationGradients)
        for first in stride(from: 0, to: g.positions, by: 32) {
            for block in stride(from: 0, to: g.c2, by: 16) {
                let live = liveChannels(g, featureGradients + block, first..<min(first + 32, g.positions))
                for lane in 0..<min(16, g.c2 - block) where live[lane] != 0 {
                    let channel = block + lane
                    biasGradients[channel] = channelBackward(
                        g, maps, LivePositions(first: first, bits: live[lane]), channel: channel,
                        weights: weights + channel * g.taps * g.c1Stride, weightGradients: weightGradients + channel * g.taps * g.c1Stride,
                        biasGradient: biasGradients[channel])
                }
            }
        }
    }

    /// Positions of a block of 32 whose gradient is not zero in one channel.
    private struct LivePositions {
        /// The block's first position.
        let first: Int
        /// Bit `i`: whether position `first + i` is one of them.
        let bits: UInt32
    }

    /// The feature maps on both sides of the layer, with the layouts that ``KernelSet`` gives them.
    private struct Maps {
        let featureGradients: Input
        let winners: UnsafePointer<Int32>
        let activations: Input
        let activationGradients: Output
    }

    /// Bit `i` of lane `c`: whether the gradient of channel `c` of 16 at the `i`th of the positions is not zero.
    @inline(__always)
    private static func liveChannels(_ g: Geometry, _ gradients: Input, _ positions: Range<Int>) -> SIMD16<UInt32> {
        var live = SIMD16<UInt32>(repeating: 0)
        for position in positions {
            let gradient = SIMD16<Float>.load(gradients + position * g.c2Stride)
            let bit = 1 &<< UInt32(truncatingIfNeeded: position - positions.lowerBound)
            live.replace(with: live | SIMD16(repeating: bit), where: gradient .!= 0)
        }
        return live
    }

    /// One channel: `weights` and `weightGradients` are its own, (tap, c1). Returns the bias's gradient, accumulated.
    @inline(__always)
    private static func channelBackward(
        _ g: Geometry, _ maps: Maps, _ live: LivePositions, channel: Int, weights: Input,
        weightGradients: Output, biasGradient: Float
    ) -> Float {
        switch (g.kernelSize, g.c1Stride) {
        case (3, 8):
            return inRegisters(
                g, ThreeRows<Three<SIMD8<Float>>>.self, c1Stride: 8, maps, live, channel, weights, weightGradients, biasGradient)
        case (3, 16):
            return inRegisters(
                g, ThreeRows<Three<SIMD16<Float>>>.self, c1Stride: 16, maps, live, channel, weights, weightGradients, biasGradient)
        case (5, 8):
            return inRegisters(
                g, FiveRows<Five<SIMD8<Float>>>.self, c1Stride: 8, maps, live, channel, weights, weightGradients, biasGradient)
        default:
            return inMemory(g, maps, live, channel, weights, weightGradients, biasGradient)
        }
    }

    /// Calls `visit` with each of the positions' gradients and its pixel, in order.
    @inline(__always)
    private static func forEach(
        _ positions: LivePositions, _ g: Geometry, _ maps: Maps, _ channel: Int, _ visit: (_ gradient: Float, _ corner: Int) -> Void
    ) {
        var bits = positions.bits
        while bits != 0 {
            let feature = (positions.first + bits.trailingZeroBitCount) * g.c2Stride + channel
            visit(maps.featureGradients[feature], Int(maps.winners[feature]))
            bits &= bits &- 1
        }
    }

    /// A kernel whose weights' gradients fit the registers, one vector of channels a tap.
    @inline(__always)
    private static func inRegisters<Taps: AccumulatorRows>(
        _ g: Geometry, _: Taps.Type, c1Stride: Int, _ maps: Maps, _ live: LivePositions,
        _ channel: Int, _ weights: Input, _ weightGradients: Output, _ biasGradient: Float
    ) -> Float {
        typealias Vector = Taps.Row.Vector
        let kernelRow = Taps.Row.count * c1Stride
        let imageRow = g.paddedWidth * c1Stride
        var weightSums = Taps(loading: Input(weightGradients), stride: c1Stride, rowStride: kernelRow)
        let kernel = Taps(loading: weights, stride: c1Stride, rowStride: kernelRow)
        var biasSum = biasGradient
        forEach(live, g, maps, channel) { gradient, corner in
            let factor = Vector(repeating: gradient)
            biasSum += gradient
            weightSums.addProducts(factor, loading: maps.activations + corner, stride: c1Stride, rowStride: imageRow)
            kernel.addProducts(factor, to: maps.activationGradients + corner, stride: c1Stride, rowStride: imageRow)
        }
        weightSums.store(to: weightGradients, stride: c1Stride, rowStride: kernelRow)
        return biasSum
    }

    /// Any kernel: the sums stay in memory.
    private static func inMemory(
        _ g: Geometry, _ maps: Maps, _ live: LivePositions, _ channel: Int, _ weights: Input,
        _ weightGradients: Output, _ biasGradient: Float
    ) -> Float {
        typealias Vector = SIMD8<Float>
        let kernelRow = g.kernelSize * g.c1Stride
        var biasSum = biasGradient
        forEach(live, g, maps, channel) { gradient, corner in
            let factor = Vector(repeating: gradient)
            biasSum += gradient
            for ky in 0..<g.kernelSize {
                let activations = maps.activations + corner + ky * g.paddedWidth * g.c1Stride
                let activationGradients = maps.activationGradients + corner + ky * g.paddedWidth * g.c1Stride
                for i in stride(from: 0, to: kernelRow, by: 8) {
                    let weight = ky * kernelRow + i
                    Vector.load(weightGradients + weight).addingProduct(factor, Vector.load(activations + i)).store(
                        to: weightGradients + weight)
                    Vector.load(activationGradients + i).addingProduct(factor, Vector.load(weights + weight)).store(
                        to: activationGradients + i)
                }
            }
        }
        return biasSum
    }
}
