package typealias Input = UnsafePointer<Float>
package typealias Output = UnsafeMutablePointer<Float>

/// The arithmetic of the network, one implementation an instruction set.
///
/// A NaN goes through ReLU and wins its pooling window, as in PyTorch, so that a step that went wrong shows in its loss.
///
/// All implementations give the same bits. What a function computes, and in which order it adds, is fixed here and written out plainly in
/// ``ScalarKernels``; an implementation is free in everything that does not show in the result: the width of its vectors, its tiles, what it keeps in registers.
/// Every multiplication followed by an addition is one fused multiply-add. "Accumulates" means: adds to what is there already, term by term.
///
/// The functions trust their arguments: the caller has checked every size. No two buffers of a call overlap, but where a parameter says that they may be the same.
package protocol KernelSet: Sendable {
    /// Name as users see it, such as `avx512`.
    static var name: String { get }

    /// Writes the network's input for each pixel, `input[y+p][x+p] = (pixels[y][x] / 255 - mean) / standardDeviation`, each operation rounded, and where the image's ink is.
    /// - Parameters:
    ///   - pixels: (row, column).
    ///   - mean: finite.
    ///   - standardDeviation: finite, above 0.
    ///   - input: (padded row, padded column); its border is left as it is.
    ///   - ink: a span a row, overwritten.
    static func normalize(
        _ g: Geometry, pixels: UnsafePointer<UInt8>, mean: Float, standardDeviation: Float, input: Output,
        ink: UnsafeMutablePointer<InkSpan>)

    /// First convolution and ReLU.
    ///
    /// `output[y+p][x+p][c] = relu(bias[c] + Σ weights[tap][c] · input[y+ky][x+kx])`, taps in row-major order, starting from the bias.
    /// - Parameters:
    ///   - input: (padded row, padded column).
    ///   - weights: (tap, c1), padded channels zero.
    ///   - bias: (c1).
    ///   - ink: a span a row, from ``normalize(_:pixels:mean:standardDeviation:input:ink:)``.
    ///   - blank: the activations of a ``BlankImage``, to be copied where no ink is under the kernel. Everything is computed when it is nil, and may be otherwise.
    ///   - tiles: room for `g.tileListCount` numbers, in which an implementation may note for the next call where `output` differs from `blank`. The first is -1 where that is not known: at
    ///     first, and when `blank` or the output has changed in between.
    ///   - output: (padded row, padded column, c1); its border is left as it is.
    static func firstConvolution(
        _ g: Geometry, input: Input, weights: Input, bias: Input, ink: UnsafePointer<InkSpan>, blank: Input?,
        tiles: UnsafeMutablePointer<Int32>, output: Output)

    /// Second convolution, ReLU and 2x2 max-pooling in one, of up to 8 samples, so that the unpooled image is never stored.
    ///
    /// Where `g.rowSize` is 0, the sum at each pixel starts from 0 and runs over (ky, kx, c1). Elsewhere tiles of pixels are computed in ``Winograd``'s form: their inputs are
    /// transformed column by column and then row by row, the products at each point start from 0 and run over c1, and the outputs are made column by column and then row by
    /// row. Of a window's four sums the first of the largest in row-major order wins, as in PyTorch's `MaxPool2d`; then come bias and ReLU, which do not change the order.
    /// - Parameters:
    ///   - activations: (sample, padded row, padded column, c1).
    ///   - weights: (block of 16 c2, tap, c1, 16 c2), in Winograd's form (block of 16 c2, point in the row, point in the column, c1, 16 c2), from ``packSecondConvolution(_:from:to:)``.
    ///   - bias: (c2).
    ///   - ink: (sample, row), from ``normalize(_:pixels:mean:standardDeviation:input:ink:)``.
    ///   - blank: what to copy where no ink is under both kernels. Everything is computed when it is nil, and may be otherwise.
    ///   - features: (sample, position, c2), at least 0.
    ///   - winners: (sample, position, c2): the offset in the sample's activations of the top-left pixel under the winning pixel's kernel.
    ///   - scratch: room for `g.secondForwardScratchCount` floats, best on a cache line: a vector across two lines takes twice as long.
    static func secondConvolution(
        _ g: Geometry, samples: Int, activations: Input, weights: Input, bias: Input, ink: UnsafePointer<InkSpan>, blank: BlankImage?,
        features: Output, winners: UnsafeMutablePointer<Int32>, scratch: Output)

    /// Logits of up to 8 samples.
    ///
    /// Each logit is 16 partial sums, partial sum `l` over the features of index `l` modulo 16 in order, from 0; then lanes l and l+8 are added, l and l+4, l and l+2, l and l+1,
    /// and last the bias.
    /// - Parameters:
    ///   - features: (sample, position, c2).
    ///   - weights: (class, position, c2).
    ///   - logits: (sample, class).
    static func linear(_ g: Geometry, samples: Int, features: Input, weights: Input, bias: Input, logits: Output)

    /// Cross entropy of up to 8 samples, its gradients with respect to the logits, and the predicted classes, each as `Softmax.crossEntropy` has them.
    /// - Parameters:
    ///   - logits: (sample, class).
    ///   - labels: the samples' classes.
    ///   - gradients: (sample, class), overwritten. Not written when nil.
    ///   - losses: (sample), overwritten, as are `predictions`.
    static func crossEntropy(
        samples: Int, classes: Int, logits: Input, labels: UnsafePointer<UInt8>, gradients: Output?, losses: UnsafeMutablePointer<Double>,
        predictions: UnsafeMutablePointer<UInt32>)

    /// Gradient of the linear layer's weights: `gradient[class][feature] = Σ logitGradients[sample][class] · features[sample][feature]`, samples in order, from 0.
    /// - Parameters:
    ///   - adding: whether the gradient is added to what is there, as one number.
    ///   - gradient: (class, position, c2), overwritten.
    static func linearWeightGradient(
        _ g: Geometry, samples: Int, features: Input, logitGradients: Input, adding: Bool, gradient: Output)

    /// Gradient of the features before ReLU: `Σ logitGradients[sample][class] · weights[class][feature]`, classes in order, from 0, times `scale`, where the feature is above 0; otherwise 0.
    ///
    /// A feature that dropout zeroed is not above 0, and `scale` is dropout's, so this is the way back through dropout too.
    /// - Parameter features: (sample, position, c2), overwritten with their gradient.
    static func linearInputGradient(_ g: Geometry, samples: Int, logitGradients: Input, weights: Input, scale: Float, features: Output)

    /// The way back through pooling and the second convolution, one sample.
    ///
    /// Visits each c2 in order, and of that the positions whose gradient is not zero in order. Adds gradient times activation to the weights' gradient, and gradient times weight to the
    /// activations' gradient.
    /// - Parameters:
    ///   - featureGradients: (position, c2).
    ///   - winners: (position, c2), one sample's from ``secondConvolution(_:samples:activations:weights:bias:ink:blank:features:winners:scratch:)``.
    ///   - activations: (padded row, padded column, c1).
    ///   - weights: (c2, tap, c1).
    ///   - activationGradients: (padded row, padded column, c1), accumulated.
    ///   - weightGradients: (c2, tap, c1), accumulated.
    ///   - biasGradients: (c2), accumulated.
    static func secondConvolutionBackward(
        _ g: Geometry, featureGradients: Input, winners: UnsafePointer<Int32>, activations: Input, weights: Input,
        activationGradients: Output, weightGradients: Output, biasGradients: Output)

    /// The way back through the first convolution's ReLU to its weights, one sample.
    ///
    /// Pixels in row-major order: a gradient counts where the activation is above 0 and is 0 elsewhere.
    /// - Parameters:
    ///   - activationGradients: (padded row, padded column, c1); zero afterwards, for the next sample's: while it is read it is in the first cache, where zeroing costs next to nothing.
    ///   - activations: the same layout.
    ///   - input: (padded row, padded column).
    ///   - weightGradients: (tap, c1), accumulated.
    ///   - biasGradients: (c1), accumulated.
    static func firstConvolutionBackward(
        _ g: Geometry, activationGradients: Output, activations: Input, input: Input, weightGradients: Output, biasGradients: Output)

    /// Dropout of one sample's features.
    ///
    /// The feature at (position, channel) is kept, times `scale`, when word `channel % 4` of Philox4x32-10 at the counter (position, channel / 4, sample, step) is at least `threshold`; else it becomes 0.
    /// - Parameter features: (position, c2), changed in place.
    static func dropout(
        _ g: Geometry, features: Output, key: SIMD2<UInt32>, sample: UInt32, step: UInt32, threshold: UInt32, scale: Float)

    /// `sum[i] = left[i] + right[i]` for i in 0..<count; `sum` may be `left` itself.
    static func add(count: Int, _ left: Input, _ right: Input, to sum: Output)

    /// One step of Adam over `count` parameters, as ``AdamCoefficients`` writes it out.
    ///
    /// - Parameters:
    ///   - gradientSum: the sum of the samples' gradients, or its first half.
    ///   - addend: the other half, if there is one.
    ///   - updated: the parameters after the step; may be `parameters` themselves.
    ///   - firstMoment: changed in place, as is the second one.
    /// - Returns: whether all gradients were finite. The parameters are of no use when not.
    static func adam(
        count: Int, coefficients: AdamCoefficients, gradientSum: Input, addend: Input?, parameters: Input, updated: Output,
        firstMoment: Output, secondMoment: Output
    ) -> Bool

    /// Packs the second convolution's weights for its forward pass, from (c2, ky, kx, c1); the weights of padded channels are 0.
    ///
    /// In ``Winograd``'s form they are transformed column by column and then row by row, in double precision without fused operations, and rounded once.
    /// - Parameter packed: (block of 16 c2, tap, c1, 16 c2) or (block of 16 c2, point in the row, point in the column, c1, 16 c2).
    static func packSecondConvolution(_ g: Geometry, from weights: Input, to packed: Output)

    /// Transposes matrices that stand back to back: weights from (matrix, channel, position) to (matrix, position, channel), or back. A position is a tap of a kernel or a place of an image.
    ///
    /// Element (row, column) of a matrix stands at `row · sourceStride + column` and goes to `column · targetStride + row`; the next matrix begins after all rows, there after all columns.
    /// What stands between is left as it is.
    static func transpose(
        matrices: Int, rows: Int, columns: Int, from source: Input, sourceStride: Int, to target: Output, targetStride: Int)

    /// Fused multiply-adds and nothing else, all in registers, as many side by side as keep the processor busy: what its peak is measured with.
    /// - Parameters:
    ///   - rounds: how often each accumulator is added to.
    ///   - accumulators: room for ``peakLoopCapacity`` small numbers, the factors at first; changed, so that the work is not for nothing.
    /// - Returns: the number of multiply-adds, each of one product and one sum.
    static func peakLoop(rounds: Int, accumulators: Output) -> Int
}

/// Room that ``KernelSet/peakLoop(rounds:accumulators:)`` needs, in floats.
package let peakLoopCapacity = 32 * 16

/// The scalars of one step of Adam.
///
/// For each parameter, all in Float, each line one operation and one rounding apart from the fused multiply-adds:
/// ```
/// g = gradientSum / sampleCount
/// m = fma(g - m, oneMinusBeta1, m), or 0 if that is less than leastMoment in magnitude
/// v = fma(g · g, oneMinusBeta2, v · beta2), or 0 likewise; with 0 for g if that is less than leastSquared in magnitude
/// denominator = √v / biasCorrection2Root + epsilon
/// parameter = fma(m / denominator, -stepSize, parameter)
/// ```
/// Source: `torch.optim.Adam`, single-tensor form (Kingma and Ba, 2015), but for the moments that become 0.
package struct AdamCoefficients: Sendable, Hashable {
    package let sampleCount: Float
    package let oneMinusBeta1: Float
    package let beta2: Float
    package let oneMinusBeta2: Float
    /// √(1 - beta2ᵗ) for step t from 1.
    package let biasCorrection2Root: Float
    package let epsilon: Float
    /// learning rate / (1 - beta1ᵗ).
    package let stepSize: Float

    /// The least magnitude of a moment.
    ///
    /// Where no gradient comes any more moments fade away, in the end to subnormal numbers, where rounding keeps them for ever, and with which some processors
    /// compute a hundred times as long. No parameter notices what is missing.
    package static let leastMoment: Float = 0x1p-120
    /// The least magnitude of a gradient whose square counts.
    package static let leastSquared: Float = 0x1p-60

    package init(
        sampleCount: Float, oneMinusBeta1: Float, beta2: Float, oneMinusBeta2: Float, biasCorrection2Root: Float, epsilon: Float,
        stepSize: Float
    ) {
        self.sampleCount = sampleCount
        self.oneMinusBeta1 = oneMinusBeta1
        self.beta2 = beta2
        self.oneMinusBeta2 = oneMinusBeta2
        self.biasCorrection2Root = biasCorrection2Root
        self.epsilon = epsilon
        self.stepSize = stepSize
    }
}
