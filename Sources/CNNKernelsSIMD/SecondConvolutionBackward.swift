import CNNKernels

/// The way back through pooling and the second convolution.
///
/// Pooling passes a gradient to one pixel of four and ReLU to about half of those, so the work is a list of features for each channel: a quarter to an
/// eighth of the dense arithmetic. The gradients of one channel's weights stay in registers over the whole list.
enum SecondConvolutionBackward {
    static func backward(
        _ g: Geometry, featureGradients: Input, winners: UnsafePointer<Int32>, activations: Input, weights: Input,
        activationGradients: Output, weightGradients: Output, biasGradients: Output
    ) {
        let maps = Maps(
            featureGradients: featureGradients, winners: winners, activations: activations, activationGradients: activationGradients)
        @inline(__always) func channels<Taps: ChannelTaps>(_: Taps.Type) {
            addChannels(g, Taps.self, maps, weights, weightGradients, biasGradients)
        }
        switch (g.kernelSize, g.c1Stride, hasWideRegisters) {
        case (3, 8, true):
            channels(
                PairsInRegisters<ThreeRows<Single<SIMD16<Float>>>, ThreeRows<Single<SIMD8<Float>>>, ThreeRows<Three<SIMD8<Float>>>>.self)
        case (3, 8, false): channels(InRegisters<ThreeRows<Three<SIMD8<Float>>>>.self)
        case (3, 16, true): channels(InRegisters<ThreeRows<Three<SIMD16<Float>>>>.self)
        case (3, 16, false): channels(ByRows<TwoRows<Three<SIMD16<Float>>>, SingleRow<Three<SIMD16<Float>>>>.self)
        case (5, 8, true):
            channels(PairsInRegisters<FiveRows<Two<SIMD16<Float>>>, FiveRows<Single<SIMD8<Float>>>, FiveRows<Five<SIMD8<Float>>>>.self)
        case (5, 8, false): channels(ByRows<ThreeRows<Five<SIMD8<Float>>>, TwoRows<Five<SIMD8<Float>>>>.self)
        default: channels(InMemory.self)
        }
    }

    /// All channels. A function of its own for each kind of taps, so that none of them takes registers from another.
    @inline(never)
    private static func addChannels<Taps: ChannelTaps>(
        _ g: Geometry, _: Taps.Type, _ maps: Maps, _ weights: Input, _ weightGradients: Output, _ biasGradients: Output
    ) {
        LiveFeatures.forEachChannel(g, gradients: maps.featureGradients) { channel, live in
            let kernel = channel * g.taps * g.c1Stride
            biasGradients[channel] = Taps.add(
                g, maps, live, weights: weights + kernel, weightGradients: weightGradients + kernel, biasGradient: biasGradients[channel])
        }
    }
}

/// The feature maps on both sides of the layer, with the layouts that ``KernelSet`` gives them.
private struct Maps {
    let featureGradients: Input
    let winners: UnsafePointer<Int32>
    let activations: Input
    let activationGradients: Output

    /// Calls `visit` with each of the features' gradients and its pixel, in order.
    @inline(__always)
    func forEach(_ features: LiveFeatures.List, _ visit: (_ gradient: Float, _ corner: Int) -> Void) {
        for feature in features { visit(featureGradients[Int(feature)], Int(winners[Int(feature)])) }
    }
}

/// How the gradients of one channel pass through its kernel's taps.
private protocol ChannelTaps {
    /// Adds to the gradients of the channel's weights and of the activations: `live` are its features, `weights` and `weightGradients` its own, (tap, c1). Returns the bias's
    /// gradient, accumulated.
    static func add(
        _ g: Geometry, _ maps: Maps, _ live: LiveFeatures.List, weights: Input, weightGradients: Output, biasGradient: Float
    ) -> Float
}

/// A kernel whose weights' gradients fit the registers, one vector of channels a tap.
private enum InRegisters<Taps: AccumulatorRows>: ChannelTaps {
    @inline(__always)
    static func add(
        _ g: Geometry, _ maps: Maps, _ live: LiveFeatures.List, weights: Input, weightGradients: Output, biasGradient: Float
    ) -> Float {
        let stride = Taps.Row.Vector.scalarCount
        let kernelRow = Taps.Row.count * stride
        let imageRow = g.paddedWidth * stride
        var weightSums = Taps(loading: Input(weightGradients), stride: stride, rowStride: kernelRow)
        let kernel = Taps(loading: weights, stride: stride, rowStride: kernelRow)
        var biasSum = biasGradient
        maps.forEach(live) { gradient, corner in
            let factor = Taps.Row.Vector(repeating: gradient)
            biasSum += gradient
            weightSums.addProducts(factor, loading: maps.activations + corner, stride: stride, rowStride: imageRow)
            kernel.addProducts(factor, to: maps.activationGradients + corner, stride: stride, rowStride: imageRow)
        }
        weightSums.store(to: weightGradients, stride: stride, rowStride: kernelRow)
        return biasSum
    }
}

/// A kernel whose weights' gradients fit the registers, of 8 channels: neighbouring taps two to a vector, as the pixels that they are for stand in memory, and each row's last tap alone.
///
/// The activations' gradients are added to a tap at a time all the same: what was stored as one vector is best loaded as one.
private enum PairsInRegisters<Pairs: AccumulatorRows, Lasts: AccumulatorRows, Kernel: AccumulatorRows>: ChannelTaps
where Pairs.Row.Vector == SIMD16<Float>, Lasts.Row.Vector == SIMD8<Float>, Kernel.Row.Vector == SIMD8<Float> {
    @inline(__always)
    static func add(
        _ g: Geometry, _ maps: Maps, _ live: LiveFeatures.List, weights: Input, weightGradients: Output, biasGradient: Float
    ) -> Float {
        let kernelRow = Kernel.Row.count * 8
        let imageRow = g.paddedWidth * 8
        let last = kernelRow - 8
        var pairSums = Pairs(loading: Input(weightGradients), stride: 16, rowStride: kernelRow)
        var lastSums = Lasts(loading: Input(weightGradients + last), stride: 8, rowStride: kernelRow)
        let kernel = Kernel(loading: weights, stride: 8, rowStride: kernelRow)
        var biasSum = biasGradient
        maps.forEach(live) { gradient, corner in
            let factor = SIMD8(repeating: gradient)
            let activations = maps.activations + corner
            biasSum += gradient
            pairSums.addProducts(SIMD16(repeating: gradient), loading: activations, stride: 16, rowStride: imageRow)
            lastSums.addProducts(factor, loading: activations + last, stride: 8, rowStride: imageRow)
            kernel.addProducts(factor, to: maps.activationGradients + corner, stride: 8, rowStride: imageRow)
        }
        pairSums.store(to: weightGradients, stride: 16, rowStride: kernelRow)
        lastSums.store(to: weightGradients + last, stride: 8, rowStride: kernelRow)
        return biasSum
    }
}

/// A kernel of which the weights' gradients of some rows of taps at a time fit the registers: one pass over the positions for `Top`, one for `Bottom`, which is what is left, and before them
/// one for the activations' gradients, where the order of the positions counts for all taps together.
private enum ByRows<Top: AccumulatorRows, Bottom: AccumulatorRows>: ChannelTaps where Top.Row == Bottom.Row {
    @inline(__always)
    static func add(
        _ g: Geometry, _ maps: Maps, _ live: LiveFeatures.List, weights: Input, weightGradients: Output, biasGradient: Float
    ) -> Float {
        let stride = Top.Row.Vector.scalarCount
        let kernelRow = Top.Row.count * stride
        let imageRow = g.paddedWidth * stride
        let kernel = Stack<Top, Bottom>(loading: weights, stride: stride, rowStride: kernelRow)
        var biasSum = biasGradient
        maps.forEach(live) { gradient, corner in
            biasSum += gradient
            kernel.addProducts(
                Top.Row.Vector(repeating: gradient), to: maps.activationGradients + corner, stride: stride, rowStride: imageRow)
        }
        @inline(__always) func addWeights<Rows: AccumulatorRows>(_: Rows.Type, from row: Int) where Rows.Row == Top.Row {
            let target = weightGradients + row * kernelRow
            var sums = Rows(loading: Input(target), stride: stride, rowStride: kernelRow)
            maps.forEach(live) { gradient, corner in
                sums.addProducts(
                    Top.Row.Vector(repeating: gradient), loading: maps.activations + corner + row * imageRow, stride: stride,
                    rowStride: imageRow)
            }
            sums.store(to: target, stride: stride, rowStride: kernelRow)
        }
        addWeights(Top.self, from: 0)
        addWeights(Bottom.self, from: Top.count)
        return biasSum
    }
}

/// Any kernel: the sums stay in memory.
private enum InMemory: ChannelTaps {
    static func add(
        _ g: Geometry, _ maps: Maps, _ live: LiveFeatures.List, weights: Input, weightGradients: Output, biasGradient: Float
    ) -> Float {
        typealias Vector = SIMD8<Float>
        let kernelRow = g.kernelSize * g.c1Stride
        var biasSum = biasGradient
        maps.forEach(live) { gradient, corner in
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
