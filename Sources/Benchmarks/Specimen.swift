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
    /// Channels-last, as are their gradient and the optimiser's moments.
    let parameters: FloatBuffer
    let gradient: FloatBuffer
    let optimizer: Adam
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
        // On pages, as in training, where they stand in shared memory.
        parameters = FloatBuffer(count: model.parameterCount, alignment: .page)
        gradient = FloatBuffer(count: model.parameterCount, alignment: .page)
        _ = parameters.numbers.update(fromContentsOf: model.channelsLast(model.initialParameters(from: &generator)))
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
        engine.load(parameters: UnsafeBufferPointer(parameters.numbers))
    }

    /// The gradient of a mini-batch, each call another one.
    func computeGradient() {
        let batches = images.count / Self.batchSize
        withShard(first: step % batches * Self.batchSize, count: Self.batchSize) { shard in
            _ = engine.gradient(of: shard, into: gradient.numbers) {}
        }
        step += 1
    }

    func takeStep() throws(NonFiniteGradient) {
        try optimizer.step(
            parameters: parameters.numbers, gradientSum: UnsafeBufferPointer(gradient.numbers), sampleCount: Self.batchSize)
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
