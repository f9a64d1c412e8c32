import CNNCore
import Datasets
import Digests
import RandomStreams
import TestSupport

/// The training loop of the study on one engine, without validation: just enough to compare with PyTorch step by step.
final class ParityTraining {
    let model: SmallCNN
    /// In the order of `SmallCNN.tensors`, as are the gradients and Adam's moments.
    var parameters: [Float]
    private let configuration: ParityFixtures.Configuration
    private let seed: UInt64
    private let images: ImageSet
    private let engine: GradientEngine
    private var generator: MersenneTwister
    private let adam: Adam

    /// A run from its seed: initial parameters drawn, nothing trained.
    init(_ configuration: ParityFixtures.Configuration, seed: UInt64, images: ImageSet) throws {
        let instructionSet = try InstructionSet.best()
        self.configuration = configuration
        self.seed = seed
        self.images = images
        model = try configuration.model()
        generator = MersenneTwister(seed: seed)
        parameters = model.initialParameters(from: &generator)
        engine = GradientEngine(model: model, instructionSet: instructionSet)
        adam = Adam(Adam.Hyperparameters(), count: model.parameterCount, instructionSet: instructionSet)
    }

    /// Trains an epoch; returns each step's mean loss over its samples.
    func epoch() throws -> [(mean: Double, samples: Int)] {
        let order = LoaderDraws.trainingEpochOrder(count: configuration.trainCount, generator: &generator)
        return try order.chunks(of: configuration.batch).map { samples in
            let (loss, gradientSum) = gradientSum(of: Array(samples))
            try adam.step(parameters: &parameters, gradientSum: gradientSum, sampleCount: samples.count)
            return (loss / Double(samples.count), samples.count)
        }
    }

    /// The mean loss over one mini-batch and its gradient, flat, from the present parameters.
    func gradient(of samples: [Int]) -> (loss: Double, gradient: [Float]) {
        let (loss, sum) = gradientSum(of: samples)
        return (loss / Double(samples.count), sum.map { $0 / Float(samples.count) })
    }

    private func gradientSum(of samples: [Int]) -> (loss: Double, gradient: [Float]) {
        let size = images.height * images.width
        let pixels = samples.flatMap { images.pixels[$0 * size..<($0 + 1) * size] }
        let labels = samples.map { images.labels[$0] }
        var gradient = [Float](repeating: 0, count: model.parameterCount)
        model.channelsLast(parameters).withUnsafeBufferPointer { engine.load(parameters: $0) }
        let statistics = pixels.withUnsafeBytes { pixels in
            labels.withUnsafeBytes { labels in
                gradient.withUnsafeMutableBufferPointer { gradient in
                    let shard = Shard(
                        seed: seed, step: UInt32(adam.stepCount), firstQuantum: 0, pixels: pixels, labels: labels, normalization: .mnist)
                    return engine.gradient(of: shard, into: gradient, betweenQuanta: {})
                }
            }
        }
        return (statistics.lossSum, model.channelsFirst(gradient))
    }

    /// SHA-256 of parameters as little-endian float32.
    static func digest(_ parameters: [Float]) -> String {
        SHA256.hash(parameters.flatMap { littleEndian(Int($0.bitPattern)) }).hexString
    }

    /// The low 32 bits, lowest byte first.
    static func littleEndian(_ value: Int) -> [UInt8] {
        [0, 8, 16, 24].map { UInt8(truncatingIfNeeded: value >> $0) }
    }
}
