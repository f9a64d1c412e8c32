import CNNCore
import Coordinator
import Datasets
import RandomStreams
import Reports

/// A run's first mini-batch, which the notebook looks at before it trains: its samples, and what the untrained network makes of them.
struct FirstBatch {
    let job: TrainingJob
    private let dataset: Dataset
    private var images: ImageSet { dataset.train }
    /// Channels-last.
    private let parameters: [Float]
    /// The samples in their order, as indices of training images.
    let samples: [Int]

    init(of job: TrainingJob, in dataset: Dataset) {
        self.job = job
        self.dataset = dataset
        var generator = MersenneTwister(seed: job.seed)
        parameters = job.model.channelsLast(job.model.initialParameters(from: &generator))
        let order = LoaderDraws.trainingEpochOrder(count: job.trainingImages.count, generator: &generator)
        samples = order.prefix(job.batchSize).map { job.trainingImages.lowerBound + $0 }
    }

    /// The first eight samples, to be drawn.
    var sampleSheet: SampleSheet { SampleSheet(images, at: Array(samples.prefix(8)), dataset: dataset.name) }

    /// The shape of the images: (sample, channel, row, column).
    var imagesShape: [Int] { [samples.count, 1, images.height, images.width] }

    /// The logits of the untrained network: (sample, class).
    func logits(instructionSet: InstructionSet) -> [[Float]] {
        let pixelCount = images.height * images.width
        let pixels = samples.flatMap { images.pixels[$0 * pixelCount..<($0 + 1) * pixelCount] }
        let labels = samples.map { images.labels[$0] }
        let engine = GradientEngine(model: job.model, instructionSet: instructionSet)
        parameters.withUnsafeBufferPointer { engine.load(parameters: $0) }
        return pixels.withUnsafeBytes { pixels in
            labels.withUnsafeBytes { labels in
                engine.logits(
                    of: Shard(
                        seed: job.seed, step: 0, firstQuantum: 0, pixels: pixels, labels: labels, normalization: job.normalization))
            }
        }
    }
}
