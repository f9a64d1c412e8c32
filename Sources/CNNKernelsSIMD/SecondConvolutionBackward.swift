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
        let words = (g.positions + 31) / 32
        withUnsafeTemporaryAllocation(of: SIMD16<UInt32>.self, capacity: words) { live in
            for block in stride(from: 0, to: g.c2, by: 16) {
                markLive(g, featureGradients + block, live)
                for lane in 0..<min(16, g.c2 - block) {
                    let channel = block + lane
                    biasGradients[channel] = channelBackward(
                        g, maps, live, lane: lane, channel: channel, weights: weights + channel * g.taps * g.c1Stride,
                        weightGradients: weightGradients + channel * g.taps * g.c1Stride, biasGradient: biasGradients[channel])
                }
            }
        }
    }

    /// The feature maps on both sides of the layer, with the layouts that ``KernelSet`` gives them.
    private struct Maps {
        let featureGradients: Input
        let winners: UnsafePointer<Int32>
        let activations: Input
        let activationGradients: Output
    }

    /// Bit `p % 32` of lane `c` of word `p / 32`: whether the gradient at position `p` of the block's channel `c` is not zero.
    @inline(__always)
    private static func markLive(_ g: Geometry, _ gradients: Input, _ live: UnsafeMutableBufferPointer<SIMD16<UInt32>>) {
        for word in 0..<live.count {
            var bits = SIMD16<UInt32>(repeating: 0)
            for position in word * 32..<min(word * 32 + 32, g.positions) {
                let gradient = SIMD16<Float>.load(gradients + position * g.c2Stride)
                bits.replace(with: bits | SIMD16(repeating: 1 &<< UInt32(truncatingIfNeeded: position)), where: gradient .!= 0)
            }
            live[word] = bits
        }
    }

    /// One channel: `weights` and `weightGradients` are its own, (tap, c1). Returns the bias's gradient, accumulated.
    @inline(__always)
    private static func channelBackward(
        _ g: Geometry, _ maps: Maps, _ live: UnsafeMutableBufferPointer<SIMD16<UInt32>>, lane: Int, channel: Int, weights: Input,
        weightGradients: Output, biasGradient: Float
    ) -> Float {
        switch (g.kernelSize, g.c1Stride) {
        case (3, 8):
            return inRegisters(
                g, ThreeRows<Three<SIMD8<Float>>>.self, c1Stride: 8, maps, live, lane, channel, weights, weightGradients, biasGradient)
        case (3, 16):
            return inRegisters(
                g, ThreeRows<Three<SIMD16<Float>>>.self, c1Stride: 16, maps, live, lane, channel, weights, weightGradients, biasGradient)
        case (5, 8):
            return inRegisters(
                g, FiveRows<Five<SIMD8<Float>>>.self, c1Stride: 8, maps, live, lane, channel, weights, weightGradients, biasGradient)
        default:
            return inMemory(g, maps, live, lane, channel, weights, weightGradients, biasGradient)
        }
    }

    /// Calls `visit` with each gradient of the channel that is not zero and its pixel, positions in order.
    @inline(__always)
    private static func forEachLive(
        _ g: Geometry, _ maps: Maps, _ live: UnsafeMutableBufferPointer<SIMD16<UInt32>>, _ lane: Int, _ channel: Int,
        _ visit: (_ gradient: Float, _ corner: Int) -> Void
    ) {
        let words = UnsafeRawPointer(live.baseAddress!).assumingMemoryBound(to: UInt32.self)
        for word in 0..<live.count {
            var bits = words[word * 16 + lane]
            while bits != 0 {
                let feature = (word * 32 + bits.trailingZeroBitCount) * g.c2Stride + channel
                visit(maps.featureGradients[feature], Int(maps.winners[feature]))
                bits &= bits &- 1
            }
        }
    }

    /// A kernel whose weights' gradients fit the registers, one vector of channels a tap.
    @inline(__always)
    private static func inRegisters<Taps: AccumulatorRows>(
        _ g: Geometry, _: Taps.Type, c1Stride: Int, _ maps: Maps, _ live: UnsafeMutableBufferPointer<SIMD16<UInt32>>, _ lane: Int,
        _ channel: Int, _ weights: Input, _ weightGradients: Output, _ biasGradient: Float
    ) -> Float {
        typealias Vector = Taps.Row.Vector
        let kernelRow = Taps.Row.count * c1Stride
        let imageRow = g.paddedWidth * c1Stride
        var weightSums = Taps(loading: Input(weightGradients), stride: c1Stride, rowStride: kernelRow)
        let kernel = Taps(loading: weights, stride: c1Stride, rowStride: kernelRow)
        var biasSum = biasGradient
        forEachLive(g, maps, live, lane, channel) { gradient, corner in
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
        _ g: Geometry, _ maps: Maps, _ live: UnsafeMutableBufferPointer<SIMD16<UInt32>>, _ lane: Int, _ channel: Int, _ weights: Input,
        _ weightGradients: Output, _ biasGradient: Float
    ) -> Float {
        typealias Vector = SIMD8<Float>
        let kernelRow = g.kernelSize * g.c1Stride
        var biasSum = biasGradient
        forEachLive(g, maps, live, lane, channel) { gradient, corner in
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
