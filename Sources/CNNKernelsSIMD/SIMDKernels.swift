package import CNNKernels

/// The kernels in vectors, for the instruction set that this module is compiled for.
package enum SIMDKernels: KernelSet {
    package static let name = instructionSetName

    package static func normalize(
        _ g: Geometry, pixels: UnsafePointer<UInt8>, mean: Float, standardDeviation: Float, input: Output,
        ink: UnsafeMutablePointer<InkSpan>
    ) {
        Normalization.normalize(g, pixels: pixels, mean: mean, standardDeviation: standardDeviation, input: input, ink: ink)
    }

    package static func firstConvolution(
        _ g: Geometry, input: Input, weights: Input, bias: Input, ink: UnsafePointer<InkSpan>, blank: Input?,
        tiles: UnsafeMutablePointer<Int32>, output: Output
    ) {
        FirstConvolution.forward(g, input: input, weights: weights, bias: bias, ink: ink, blank: blank, tiles: tiles, output: output)
    }

    package static func secondConvolution(
        _ g: Geometry, samples: Int, activations: Input, weights: Input, bias: Input, ink: UnsafePointer<InkSpan>, blank: BlankImage?,
        features: Output, winners: UnsafeMutablePointer<Int32>, scratch: Output
    ) {
        if g.rowSize == 0 {
            DirectConvolution.forward(
                g, samples: samples, activations: activations, weights: weights, bias: bias, features: features, winners: winners,
                strip: scratch)
        } else {
            WinogradConvolution.forward(
                g, samples: samples, activations: activations, weights: weights, bias: bias, ink: ink, blank: blank, features: features,
                winners: winners, scratch: scratch)
        }
    }

    package static func linear(_ g: Geometry, samples: Int, features: Input, weights: Input, bias: Input, logits: Output) {
        Linear.forward(g, samples: samples, features: features, weights: weights, bias: bias, logits: logits)
    }

    package static func linearWeightGradient(
        _ g: Geometry, samples: Int, features: Input, logitGradients: Input, adding: Bool, gradient: Output
    ) {
        Linear.weightGradient(g, samples: samples, features: features, logitGradients: logitGradients, adding: adding, gradient: gradient)
    }

    package static func linearInputGradient(
        _ g: Geometry, samples: Int, logitGradients: Input, weights: Input, scale: Float, features: Output
    ) {
        Linear.inputGradient(g, samples: samples, logitGradients: logitGradients, weights: weights, scale: scale, features: features)
    }

    package static func secondConvolutionBackward(
        _ g: Geometry, featureGradients: Input, winners: UnsafePointer<Int32>, activations: Input, weights: Input,
        activationGradients: Output, weightGradients: Output, biasGradients: Output
    ) {
        SecondConvolutionBackward.backward(
            g, featureGradients: featureGradients, winners: winners, activations: activations, weights: weights,
            activationGradients: activationGradients, weightGradients: weightGradients, biasGradients: biasGradients)
    }

    package static func firstConvolutionBackward(
        _ g: Geometry, activationGradients: Output, activations: Input, input: Input, weightGradients: Output, biasGradients: Output
    ) {
        FirstConvolutionBackward.backward(
            g, activationGradients: activationGradients, activations: activations, input: input, weightGradients: weightGradients,
            biasGradients: biasGradients)
    }

    package static func crossEntropy(
        samples: Int, classes: Int, logits: Input, labels: UnsafePointer<UInt8>, gradients: Output?, losses: UnsafeMutablePointer<Double>,
        predictions: UnsafeMutablePointer<UInt32>
    ) {
        CrossEntropy.compute(
            samples: samples, classes: classes, logits: logits, labels: labels, gradients: gradients, losses: losses,
            predictions: predictions)
    }

    package static func dropout(
        _ g: Geometry, features: Output, key: SIMD2<UInt32>, sample: UInt32, step: UInt32, threshold: UInt32, scale: Float
    ) {
        Dropout.apply(g, features: features, key: key, sample: sample, step: step, threshold: threshold, scale: scale)
    }

    package static func add(count: Int, _ left: Input, _ right: Input, to sum: Output) {
        Elementwise.add(count: count, left, right, to: sum)
    }

    package static func adam(
        count: Int, coefficients: AdamCoefficients, gradientSum: Input, addend: Input?, parameters: Input, updated: Output,
        firstMoment: Output, secondMoment: Output
    ) -> Bool {
        Elementwise.adam(
            count: count, coefficients: coefficients, gradientSum: gradientSum, addend: addend, parameters: parameters, updated: updated,
            firstMoment: firstMoment, secondMoment: secondMoment)
    }

    package static func packSecondConvolution(_ g: Geometry, from weights: Input, to packed: Output) {
        SecondConvolutionWeights.pack(g, from: weights, to: packed)
    }

    package static func transpose(
        matrices: Int, rows: Int, columns: Int, from source: Input, sourceStride: Int, to target: Output, targetStride: Int
    ) {
        for matrix in 0..<matrices {
            Transpose.transpose(
                rows: rows, columns: columns, from: source + matrix * rows * sourceStride, sourceStride: sourceStride,
                to: target + matrix * columns * targetStride, targetStride: targetStride)
        }
    }
}
