import CNNCore
import Datasets
import RandomStreams
import TrainingProtocol

extension TrainingJob {
    /// Checks that the job can be trained on a data set, before anything is started.
    ///
    /// - Throws: ``JobError`` that says what does not fit.
    func check(against dataset: Dataset) throws(JobError) {
        let name = "Experiment \(experiment) with seed \(seed)"
        func require(_ condition: Bool, _ sentence: @autoclosure () -> String) throws(JobError) {
            if !condition { throw JobError(description: sentence()) }
        }
        for (size, what) in [(batchSize, "mini-batches"), (evaluationBatchSize, "evaluation batches")] {
            try require(
                (1...TrainingProtocol.largestBatch).contains(size),
                "\(name) asks for \(what) of \(size) samples; 1 to \(TrainingProtocol.largestBatch) are possible.")
        }
        let scale = normalization
        try require(
            scale.mean.isFinite && scale.standardDeviation.isFinite && scale.standardDeviation > 0,
            "\(name) normalises by mean \(scale.mean) and standard deviation \(scale.standardDeviation), which is no scale.")
        try require(epochs >= 1, "\(name) asks for \(epochs) epochs; it must be at least 1.")
        let mostEpochs = TrainingProtocol.mostSteps / max(1, stepsPerEpoch)
        try require(
            epochs <= mostEpochs,
            "\(name) asks for \(epochs) epochs of \(stepsPerEpoch) steps; at most \(mostEpochs) are possible, since steps are counted in 32 bits."
        )
        try require(
            trainingImages.count < MersenneTwister.permutationLimit,
            "\(name) trains on \(trainingImages.count) images; at most \(MersenneTwister.permutationLimit - 1) can be shuffled as PyTorch does."
        )
        for (set, images, part, of) in [
            (dataset.train, trainingImages, "training", "training"), (dataset.train, validationImages, "validation", "training"),
            (dataset.test, testImages, "test", "test"),
        ] {
            try require(!images.isEmpty, "\(name) has no \(part) images.")
            try require(
                images.lowerBound >= 0 && images.upperBound <= set.count,
                "\(name) uses \(of) images \(images.lowerBound)..<\(images.upperBound) for \(part), and the data set \(dataset.name) has \(set.count)."
            )
            try require(
                set.height == model.height && set.width == model.width,
                "\(name) is a network for images of \(model.height)x\(model.width), and the \(of) images of \(dataset.name) are \(set.height)x\(set.width)."
            )
            let largest = set.labels[images].max() ?? 0
            try require(
                Int(largest) < model.classes,
                "\(name) has \(model.classes) classes, and a label among the \(part) images of \(dataset.name) is \(largest).")
        }
    }
}
