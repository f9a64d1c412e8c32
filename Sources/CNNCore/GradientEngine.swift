package import CNNKernels

/// Computes gradients and predictions of one model at a time, quantum by quantum, in memory that it takes once, so that a step allocates nothing.
package final class GradientEngine {
    package private(set) var model: SmallCNN
    package private(set) var g: Geometry
    package let kernels: any KernelSet.Type
    package let parameters = PackedParameters()
    package private(set) var layout: PackedGradient
    private var normalization: Normalization?

    // One quantum's tensors, (sample, ...) with the kernels' layout of each. After a gradient they hold its last quantum, which the benchmarks use.
    package let inputs = FloatBuffer()
    package let ink = Buffer<InkSpan>()
    /// For each sample the list that the first convolution keeps of where the activations differ from the blank image's.
    package let tiles = Buffer<Int32>()
    package let activations = FloatBuffer()
    /// On the way back their gradient takes their place.
    package let features = FloatBuffer()
    package let winners = Buffer<Int32>()
    package let logits = FloatBuffer()
    package let logitGradients = FloatBuffer()
    package let losses = Buffer<Double>()
    package let predictions = Buffer<UInt32>()
    /// One sample's, (padded row, padded column, c1); zero between samples.
    package let activationGradients = FloatBuffer()
    /// What the present parameters and normalisation make of an image without ink.
    package let blank: BlankTensors
    private var isBlankCurrent = false
    /// What the second convolution's forward pass works in.
    package let scratch = FloatBuffer()
    /// A quantum's gradient but that of the linear layer's weights, which is added to its sibling's where it is computed.
    private let siblingGradient = FloatBuffer()
    private let gradientBuffers = GradientBuffers()

    /// A node of the tree: a packed gradient, and what else its samples came to.
    private struct Node {
        let gradient: FloatBuffer
        var statistics: ShardStatistics
    }

    /// An engine for `model`; parameters must be loaded before it is used.
    package init(model: SmallCNN, instructionSet: InstructionSet) {
        self.model = model
        g = Geometry(model)
        layout = PackedGradient(g)
        blank = BlankTensors(g)
        kernels = instructionSet.kernels
        resizeTensors()
    }

    /// Goes over to another model, in the same memory where that is large enough: it is in the caches already.
    ///
    /// - Returns: Whether its parameters are still loaded, since the other model differs in its dropout alone. If not, some must be before it is used.
    package func goOver(to other: SmallCNN) -> Bool {
        model = other
        let geometry = Geometry(other)
        if geometry == g { return true }
        g = geometry
        layout = PackedGradient(g)
        resizeTensors()
        return false
    }

    /// Makes room for a quantum's tensors, and zeros what the kernels leave as it is.
    private func resizeTensors() {
        isBlankCurrent = false
        parameters.resize(to: g)
        inputs.resize(to: Quanta.size * g.inputCount)
        g.clearBorders(of: inputs, images: Quanta.size, channels: 1)
        ink.resize(to: Quanta.size * g.height, filling: .none)
        tiles.resize(to: Quanta.size * g.tileListCount, filling: 0)
        activations.resize(to: Quanta.size * g.activationCount)
        g.clearBorders(of: activations, images: Quanta.size, channels: g.c1Stride)
        features.resize(to: Quanta.size * g.featureCount)
        winners.resize(to: Quanta.size * g.featureCount, filling: 0)
        logits.resize(to: Quanta.size * g.classes)
        logitGradients.resize(to: Quanta.size * g.classes)
        losses.resize(to: Quanta.size, filling: 0)
        predictions.resize(to: Quanta.size, filling: 0)
        activationGradients.resize(to: g.activationCount)
        blank.resize(to: g)
        scratch.resize(to: g.secondForwardScratchCount)
        siblingGradient.resize(to: layout.linearWeights.lowerBound)
    }

    /// Takes new parameters: `model.parameterCount` floats, flat, channels-last (`SmallCNN.channelsLast`).
    package func load(parameters flat: UnsafeBufferPointer<Float>) {
        precondition(flat.count == model.parameterCount, "\(flat.count) parameters for a model of \(model.parameterCount)")
        parameters.load(flat.baseAddress!, g, kernels)
        isBlankCurrent = false
    }

    /// Adds up the gradients of a shard's samples.
    ///
    /// - Parameters:
    ///   - shard: quanta that form a node of the canonical tree.
    ///   - gradient: the sum, overwritten: `model.parameterCount` floats, flat, channels-last.
    ///   - betweenQuanta: called after each quantum.
    package func gradient(of shard: Shard, into gradient: UnsafeMutableBufferPointer<Float>, betweenQuanta: () -> Void) -> ShardStatistics {
        precondition(gradient.count == model.parameterCount, "room for \(gradient.count) gradients of a model of \(model.parameterCount)")
        let quanta = begin(shard)
        var tree = TreeReduction<Node>(count: quanta)
        for first in stride(from: 0, to: quanta, by: 2) {
            let pair = first..<min(first + 2, quanta)
            tree.add(pairGradient(shard, pair, betweenQuanta), for: pair) { left, right in
                kernels.add(count: layout.count, left.gradient.base, right.gradient.base, to: left.gradient.base)
                left.statistics.add(right.statistics)
                gradientBuffers.giveBack(right.gradient)
            }
        }
        guard let root = tree.take() else {
            gradient.update(repeating: 0)
            return ShardStatistics(lossSum: 0, correct: 0)
        }
        layout.unpack(root.gradient.base, to: gradient.baseAddress!, g, kernels)
        gradientBuffers.giveBack(root.gradient)
        return root.statistics
    }

    /// Predicts a shard's samples, without dropout.
    ///
    /// - Parameters:
    ///   - predictions: one class a sample, overwritten.
    ///   - betweenQuanta: called after each quantum.
    package func evaluate(_ shard: Shard, predictions: UnsafeMutableBufferPointer<UInt32>, betweenQuanta: () -> Void) -> ShardStatistics {
        precondition(predictions.count == shard.labels.count, "one prediction a sample")
        let quanta = begin(shard)
        var tree = TreeReduction<ShardStatistics>(count: quanta)
        for quantum in 0..<quanta {
            let samples = Quanta.samples(of: quantum..<quantum + 1, batch: shard.labels.count)
            forward(shard, samples)
            linear(samples.count)
            let statistics = crossEntropy(shard, samples, withGradient: false) { sample, prediction in
                predictions[sample] = prediction
            }
            tree.add(statistics, for: quantum..<quantum + 1) { left, right in left.add(right) }
            betweenQuanta()
        }
        return tree.take() ?? ShardStatistics(lossSum: 0, correct: 0)
    }

    /// The logits of a shard's samples, without dropout: (sample, class).
    package func logits(of shard: Shard) -> [[Float]] {
        (0..<begin(shard)).flatMap { quantum in
            let samples = Quanta.samples(of: quantum..<quantum + 1, batch: shard.labels.count)
            forward(shard, samples)
            linear(samples.count)
            return (0..<samples.count).map { slot in (0..<g.classes).map { logits.base[slot * g.classes + $0] } }
        }
    }

    /// Checks a shard's sizes and gets ready for its normalisation and the present parameters. Returns the number of its quanta.
    private func begin(_ shard: Shard) -> Int {
        let samples = shard.labels.count
        precondition(shard.pixels.count == samples * g.height * g.width, "\(shard.pixels.count) pixels for \(samples) labels")
        if normalization != shard.normalization {
            normalization = shard.normalization
            isBlankCurrent = false
        }
        if !isBlankCurrent {
            blank.compute(kernels, parameters, background: shard.normalization.background, scratch: scratch)
            for slot in 0..<Quanta.size { tiles.base[slot * g.tileListCount] = -1 }
            isBlankCurrent = true
        }
        return Quanta.count(samples: samples)
    }

    /// The node of the tree over an aligned pair of quanta, or over the last one alone.
    private func pairGradient(_ shard: Shard, _ pair: Range<Int>, _ betweenQuanta: () -> Void) -> Node {
        let gradient = gradientBuffers.take(layout.count)
        let linearWeights = gradient.base + layout.linearWeights.lowerBound
        var node = Node(
            gradient: gradient,
            statistics: quantumGradient(shard, quantum: pair.lowerBound, into: gradient.base, linearWeights: linearWeights, adding: false))
        betweenQuanta()
        if pair.count == 2 {
            node.statistics.add(
                quantumGradient(shard, quantum: pair.lowerBound + 1, into: siblingGradient.base, linearWeights: linearWeights, adding: true)
            )
            kernels.add(count: siblingGradient.count, gradient.base, siblingGradient.base, to: gradient.base)
            betweenQuanta()
        }
        return node
    }

    /// The gradient of one quantum, packed.
    ///
    /// - Parameters:
    ///   - gradient: overwritten with all but the gradient of the linear layer's weights.
    ///   - linearWeights: overwritten with that, or, `adding`, with the sum of what is there and that.
    private func quantumGradient(
        _ shard: Shard, quantum: Int, into gradient: UnsafeMutablePointer<Float>, linearWeights: UnsafeMutablePointer<Float>, adding: Bool
    ) -> ShardStatistics {
        let samples = Quanta.samples(of: quantum..<quantum + 1, batch: shard.labels.count)
        forward(shard, samples)
        let scale = applyDropout(shard, samples)
        linear(samples.count)
        let statistics = crossEntropy(shard, samples, withGradient: true) { _, _ in }
        kernels.linearWeightGradient(
            g, samples: samples.count, features: features.base, logitGradients: logitGradients.base, adding: adding, gradient: linearWeights
        )
        kernels.linearInputGradient(
            g, samples: samples.count, logitGradients: logitGradients.base, weights: parameters.linearWeights.base, scale: scale,
            features: features.base)
        // All else is added to, sample by sample.
        gradient.update(repeating: 0, count: layout.linearWeights.lowerBound)
        for sample in 0..<samples.count {
            for c in 0..<g.classes { gradient[layout.linearBias.lowerBound + c] += logitGradients.base[sample * g.classes + c] }
            kernels.secondConvolutionBackward(
                g, featureGradients: features.base + sample * g.featureCount, winners: winners.base + sample * g.featureCount,
                activations: activations.base + sample * g.activationCount, weights: parameters.secondWeights.base,
                activationGradients: activationGradients.base, weightGradients: gradient + layout.secondWeights.lowerBound,
                biasGradients: gradient + layout.secondBias.lowerBound)
            kernels.firstConvolutionBackward(
                g, activationGradients: activationGradients.base, activations: activations.base + sample * g.activationCount,
                input: inputs.base + sample * g.inputCount, weightGradients: gradient + layout.firstWeights.lowerBound,
                biasGradients: gradient + layout.firstBias.lowerBound)
        }
        return statistics
    }

    /// From the pixels to the pooled features.
    private func forward(_ shard: Shard, _ samples: Range<Int>) {
        let pixelCount = g.height * g.width
        for (slot, sample) in samples.enumerated() {
            let input = inputs.base + slot * g.inputCount
            let pixels = shard.pixels.baseAddress!.assumingMemoryBound(to: UInt8.self) + sample * pixelCount
            let ink = ink.base + slot * g.height
            kernels.normalize(
                g, pixels: pixels, mean: shard.normalization.mean, standardDeviation: shard.normalization.standardDeviation, input: input,
                ink: ink)
            kernels.firstConvolution(
                g, input: input, weights: parameters.firstWeights.base, bias: parameters.firstBias.base, ink: ink,
                blank: blank.image.activations, tiles: tiles.base + slot * g.tileListCount,
                output: activations.base + slot * g.activationCount)
        }
        kernels.secondConvolution(
            g, samples: samples.count, activations: activations.base, weights: parameters.secondForwardWeights.base,
            bias: parameters.secondBias.base, ink: ink.base, blank: blank.image, features: features.base, winners: winners.base,
            scratch: scratch.base)
    }

    private func linear(_ samples: Int) {
        kernels.linear(
            g, samples: samples, features: features.base, weights: parameters.linearWeights.base, bias: parameters.linearBias.base,
            logits: logits.base)
    }

    /// Drops features of the shard's `samples`, if the model does. Returns the factor of those that stay.
    private func applyDropout(_ shard: Shard, _ samples: Range<Int>) -> Float {
        guard model.dropout > 0 else { return 1 }
        let scale = Float(1 / (1 - model.dropout))
        for (slot, sample) in samples.enumerated() {
            kernels.dropout(
                g, features: features.base + slot * g.featureCount,
                key: SIMD2(UInt32(truncatingIfNeeded: shard.seed), UInt32(truncatingIfNeeded: shard.seed >> 32)),
                sample: UInt32(truncatingIfNeeded: shard.firstQuantum * Quanta.size + sample), step: shard.step,
                threshold: UInt32(model.dropout * 4_294_967_296), scale: scale)
        }
        return scale
    }

    /// Loss and predictions from the logits; the logits' gradients too, if asked for.
    private func crossEntropy(
        _ shard: Shard, _ samples: Range<Int>, withGradient: Bool, predicted: (_ sample: Int, _ prediction: UInt32) -> Void
    ) -> ShardStatistics {
        var statistics = ShardStatistics(lossSum: 0, correct: 0)
        let labels = shard.labels.baseAddress!.assumingMemoryBound(to: UInt8.self) + samples.lowerBound
        kernels.crossEntropy(
            samples: samples.count, classes: g.classes, logits: logits.base, labels: labels,
            gradients: withGradient ? logitGradients.base : nil, losses: losses.base, predictions: predictions.base)
        for (slot, sample) in samples.enumerated() {
            let prediction = predictions.base[slot]
            statistics.add(ShardStatistics(lossSum: losses.base[slot], correct: prediction == UInt32(shard.labels[sample]) ? 1 : 0))
            predicted(sample, prediction)
        }
        return statistics
    }
}
