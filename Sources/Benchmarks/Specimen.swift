import CNNCore
import CNNKernels
import Datasets
import RandomStreams

/// A network after some training, so that as many gradients are zero as in earnest.
final class Specimen {
    static let batchSize = 64
    /// Enough for the loss to have fallen to where it stays for most of a run.
    private static let trainingSteps = 60

    let model: SmallCNN
    let engine: GradientEngine
    private(set) var parameters: [Float]
    private(set) var gradient: [Float]
    private(set) var optimizer: Adam
    private let images: ImageSet
    /// The images' grey values, (image, row, column).
    var pixels: [UInt8] { images.pixels }
    private var step = 0

    /// - Parameter images: A multiple of `batchSize` of them, of the model's size.
    init(model: SmallCNN, images: ImageSet, instructionSet: InstructionSet) throws(NonFiniteGradient) {
        self.model = model
        self.images = images
        engine = GradientEngine(model: model, instructionSet: instructionSet)
        var generator = MersenneTwister(seed: 42)
        parameters = model.initialParameters(from: &generator)
        gradient = [Float](repeating: 0, count: parameters.count)
        optimizer = Adam(Adam.Hyperparameters(), count: parameters.count, instructionSet: instructionSet)
        for _ in 0..<Self.trainingSteps {
            loadParameters()
            computeGradient()
            try takeStep()
        }
        loadParameters()
        computeGradient()
    }

    func loadParameters() {
        parameters.withUnsafeBufferPointer { engine.load(parameters: $0) }
    }

    /// The gradient of a mini-batch, each call another one.
    func computeGradient() {
        let batches = images.count / Self.batchSize
        withShard(first: step % batches * Self.batchSize, count: Self.batchSize) { shard in
            gradient.withUnsafeMutableBufferPointer { _ = engine.gradient(of: shard, into: $0) {} }
        }
        step += 1
    }

    func takeStep() throws(NonFiniteGradient) {
        try optimizer.step(parameters: &parameters, gradientSum: gradient, sampleCount: Self.batchSize)
    }

    /// Evaluates `predictions.count` images.
    func evaluate(predictions: inout [UInt32]) {
        withShard(first: 0, count: predictions.count) { shard in
            predictions.withUnsafeMutableBufferPointer { _ = engine.evaluate(shard, predictions: $0) {} }
        }
    }

    private func withShard(first: Int, count: Int, _ body: (Shard) -> Void) {
        let size = images.height * images.width
        images.pixels.withUnsafeBytes { pixels in
            images.labels.withUnsafeBytes { labels in
                body(
                    Shard(
                        seed: 42, step: UInt32(truncatingIfNeeded: step), firstQuantum: 0,
                        pixels: UnsafeRawBufferPointer(rebasing: pixels[first * size..<(first + count) * size]),
                        labels: UnsafeRawBufferPointer(rebasing: labels[first..<first + count]), normalization: .mnist))
            }
        }
    }
}
