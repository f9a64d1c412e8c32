package import CNNCore
import CNNKernels
import Datasets

/// Times the kernels of an instruction set on one core: alone and in a training step, for the study's networks and an odd one.
package struct KernelBenchmark {
    private let instructionSet: InstructionSet
    private let stopwatch: Stopwatch

    /// - Parameter instructionSet: One that this processor has.
    package init(instructionSet: InstructionSet) {
        self.instructionSet = instructionSet
        stopwatch = Stopwatch(batches: 9, batchTime: .milliseconds(2))
    }

    /// Measures everything; takes some seconds.
    ///
    /// - Throws: `ModelError`, `NonFiniteGradient`: not with the networks as they are.
    package func run() throws -> KernelReport {
        let peak = peakFlops()
        let digits = SyntheticDigits.dataset(trainCount: 8 * Specimen.batchSize, testCount: 1).train
        let models = try [(8, 16, 3, 0.0), (16, 32, 3, 0), (8, 16, 5, 0), (8, 16, 3, 0.2), (5, 12, 7, 0)].map { c1, c2, k, dropout in
            let model = try SmallCNN(firstChannels: c1, secondChannels: c2, kernelSize: k, dropout: dropout)
            let specimen = try Specimen(model: model, images: digits, instructionSet: instructionSet)
            let rows = ModelRows(specimen: specimen, stopwatch: stopwatch, peak: peak)
            try rows.measure()
            let name = "\(c1)->\(c2) k\(k)" + (dropout > 0 ? " dropout \(dropout)" : "")
            return ModelReport(name: name, rows: rows.rows, costOfExactness: rows.costOfExactness)
        }
        return KernelReport(instructionSet: instructionSet.rawValue, peakGigaflops: peak * 1e-9, models: models)
    }

    /// Floating-point operations a second of fused multiply-adds in registers.
    private func peakFlops() -> Double {
        let accumulators = FloatBuffer(count: peakLoopCapacity)
        // Small, so that none of them overflows, however long the loop runs.
        accumulators.base.update(repeating: 0x1p-20, count: accumulators.count)
        var operations = 0
        let seconds = stopwatch.best { operations = instructionSet.kernels.peakLoop(rounds: 10_000, accumulators: accumulators.base) }
        return 2 * Double(operations) / seconds
    }
}

/// The rows of one network's report.
private final class ModelRows {
    let specimen: Specimen
    let stopwatch: Stopwatch
    /// Floating-point operations a second.
    let peak: Double
    private(set) var rows: [ModelReport.Row] = []
    private(set) var costOfExactness = 0.0

    init(specimen: Specimen, stopwatch: Stopwatch, peak: Double) {
        self.specimen = specimen
        self.stopwatch = stopwatch
        self.peak = peak
    }

    func measure() throws {
        measureForwardKernels()
        measureBackwardKernels()
        try measureStep()
    }

    /// Adds a row for code that treats `samples` samples, or one step if nil, with `flops` operations for each.
    private func add(_ name: String, samples: Int?, flops: Double? = nil, _ body: () -> Void) {
        add(name, seconds: stopwatch.best(body), samples: samples, flops: flops)
    }

    private func add(_ name: String, seconds: Double, samples: Int?, flops: Double? = nil) {
        let seconds = seconds / Double(samples ?? 1)
        let rate = flops.map { $0 / seconds }
        rows.append(
            .init(
                name: name, microseconds: seconds * 1e6, unit: samples == nil ? .step : .sample, gigaflops: rate.map { $0 * 1e-9 },
                shareOfPeak: rate.map { $0 / peak }))
    }

    // MARK: Kernels

    private func measureForwardKernels() {
        let e = specimen.engine
        let (g, kernels, parameters) = (e.g, e.kernels, e.parameters)
        let dense = DenseCount(g)
        let scale = Normalization.mnist
        specimen.pixels.withUnsafeBufferPointer { pixels in
            add("normalize", samples: Quanta.size) {
                for sample in 0..<Quanta.size {
                    kernels.normalize(
                        g, pixels: pixels.baseAddress! + sample * g.height * g.width, mean: scale.mean,
                        standardDeviation: scale.standardDeviation, input: e.inputs.base + sample * g.inputCount,
                        ink: e.ink.base + sample * g.height)
                }
            }
        }
        // As it is, and with every part computed, as if it had ink.
        for (first, second, blank) in [
            ("conv1 forward", "conv2 forward, ReLU, pool", e.blank.image), ("conv1 forward, dense", "conv2 forward, dense", nil),
        ] {
            func firstConvolution(turn: Int) {
                for sample in 0..<Quanta.size {
                    let image = (sample + turn) % Quanta.size
                    kernels.firstConvolution(
                        g, input: e.inputs.base + image * g.inputCount, weights: parameters.firstWeights.base,
                        bias: parameters.firstBias.base, ink: e.ink.base + image * g.height, blank: blank?.activations,
                        tiles: e.tiles.base + sample * g.tileListCount,
                        output: e.activations.base + sample * g.activationCount)
                }
            }
            // Another image in each place every time, as in training: what is restored for one depends on the one before it.
            var turn = 0
            add(first, samples: Quanta.size, flops: dense.firstConvolution) {
                turn += 1
                firstConvolution(turn: turn)
            }
            firstConvolution(turn: 0)
            add(second, samples: Quanta.size, flops: dense.secondConvolution) {
                kernels.secondConvolution(
                    g, samples: Quanta.size, activations: e.activations.base, weights: parameters.secondForwardWeights.base,
                    bias: parameters.secondBias.base, ink: e.ink.base, blank: blank, features: e.features.base, winners: e.winners.base,
                    scratch: e.scratch.base)
            }
        }
        if specimen.model.dropout > 0 {
            // A scale of 1 leaves the features as they are once the mask has been applied.
            let features = FloatBuffer(count: g.featureCount)
            add("dropout", samples: 1) {
                kernels.dropout(
                    g, features: features.base, key: SIMD2(42, 0), sample: 0, step: 0,
                    threshold: UInt32(specimen.model.dropout * 4_294_967_296), scale: 1)
            }
        }
        add("linear forward", samples: Quanta.size, flops: dense.linear) {
            kernels.linear(
                g, samples: Quanta.size, features: e.features.base, weights: parameters.linearWeights.base,
                bias: parameters.linearBias.base, logits: e.logits.base)
        }
        let labels = [UInt8](repeating: 0, count: Quanta.size)
        add("cross entropy and gradient", samples: Quanta.size) {
            kernels.crossEntropy(
                samples: Quanta.size, classes: g.classes, logits: e.logits.base, labels: labels, gradients: e.logitGradients.base,
                losses: e.losses.base, predictions: e.predictions.base)
        }
    }

    private func measureBackwardKernels() {
        // The gradients of a mini-batch stand in the engine; what was measured before has changed the logits'.
        specimen.computeGradient()
        let e = specimen.engine
        let (g, kernels, parameters, layout) = (e.g, e.kernels, e.parameters, e.layout)
        let dense = DenseCount(g)
        let gradient = FloatBuffer(count: layout.count)
        add("linear backward, weights", samples: Quanta.size, flops: dense.linear) {
            kernels.linearWeightGradient(
                g, samples: Quanta.size, features: e.features.base, logitGradients: e.logitGradients.base, adding: false,
                gradient: gradient.base + layout.linearWeights.lowerBound)
        }
        let features = FloatBuffer(count: e.features.count)
        add("linear backward, features", samples: Quanta.size, flops: dense.linear) {
            kernels.linearInputGradient(
                g, samples: Quanta.size, logitGradients: e.logitGradients.base, weights: parameters.linearWeights.base, scale: 1,
                features: features.base)
        }
        // The activations' gradients grow from call to call, until conv1's way back leaves them zero, as the engine expects them.
        add("conv2 backward", samples: Quanta.size, flops: 2 * dense.secondConvolution) {
            for sample in 0..<Quanta.size {
                kernels.secondConvolutionBackward(
                    g, featureGradients: e.features.base + sample * g.featureCount,
                    winners: e.winners.base + sample * g.featureCount,
                    activations: e.activations.base + sample * g.activationCount, weights: parameters.secondWeights.base,
                    activationGradients: e.activationGradients.base, weightGradients: gradient.base + layout.secondWeights.lowerBound,
                    biasGradients: gradient.base + layout.secondBias.lowerBound)
            }
        }
        add("conv1 backward", samples: Quanta.size, flops: dense.firstConvolution) {
            for sample in 0..<Quanta.size {
                kernels.firstConvolutionBackward(
                    g, activationGradients: e.activationGradients.base, activations: e.activations.base + sample * g.activationCount,
                    input: e.inputs.base + sample * g.inputCount, weightGradients: gradient.base + layout.firstWeights.lowerBound,
                    biasGradients: gradient.base + layout.firstBias.lowerBound)
            }
        }
    }

    // MARK: A step

    private func measureStep() throws {
        let dense = DenseCount(specimen.engine.g)
        let step = stopwatch.best { specimen.computeGradient() }
        add("gradient of 64 samples", seconds: step, samples: Specimen.batchSize, flops: dense.training)
        var predictions = [UInt32](repeating: 0, count: 256)
        add("evaluation of 256 samples", samples: predictions.count, flops: dense.evaluation) {
            specimen.evaluate(predictions: &predictions)
        }
        add("load parameters", samples: nil) { specimen.loadParameters() }
        var failure: NonFiniteGradient?
        add("Adam", samples: nil) {
            do throws(NonFiniteGradient) { try specimen.takeStep() } catch { failure = error }
        }
        if let failure { throw failure }
        let additions = stopwatch.best(treeAdditions())
        add("tree's additions", seconds: additions, samples: nil)
        costOfExactness = additions / (step - additions)
    }

    /// The additions that join the gradients of a mini-batch's quanta, which sums in order of arrival in one accumulator would not need, on as many buffers as
    /// the tree holds at a time. What the linear layer's weights get where they are computed, one accumulator would need too.
    private func treeAdditions() -> () -> Void {
        let e = specimen.engine
        let pairs = Quanta.count(samples: Specimen.batchSize) / 2
        let buffers = (0..<pairs.trailingZeroBitCount + 1).map { _ in FloatBuffer(count: e.layout.count) }
        let siblings = (0..<2).map { _ in FloatBuffer(count: e.layout.linearWeights.lowerBound) }
        return {
            for pair in 0..<pairs {
                e.kernels.add(count: siblings[0].count, siblings[0].base, siblings[1].base, to: siblings[0].base)
                guard pair > 0 else { continue }
                // Where the tree is after so many pairs: the level at which two nodes are joined.
                let level = pair.trailingZeroBitCount
                e.kernels.add(count: e.layout.count, buffers[level + 1].base, buffers[level].base, to: buffers[level + 1].base)
            }
        }
    }
}
