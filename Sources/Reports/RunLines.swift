package import CNNCore
package import Coordinator
package import Studies

/// What an epoch came to, in the notebook's form: `Epoch 01 | train_loss=0.3285 | train_acc=0.9020 | val_acc=0.9605`.
package func epochLine(_ record: EpochRecord) -> String {
    "Epoch \(zeroPadded(record.epoch, width: 2)) | train_loss=\(fixed(record.trainLoss)) | train_acc=\(fixed(record.trainAccuracy))"
        + " | val_acc=\(fixed(record.validationAccuracy))"
}

/// The notebook's checks of a network and its first batch, one line each.
///
/// - Parameters:
///   - imagesShape: the shape of the first mini-batch, (image, channel, row, column).
///   - logitsShape: the shape of what the network makes of it, (image, class).
package func checkLines(_ model: SmallCNN, imagesShape: [Int], logitsShape: [Int]) -> [String] {
    [
        "Batch shape: images \(imagesShape), labels [\(imagesShape.first ?? 0)]",
        "Logits shape: \(logitsShape)",
        "Total parameters: \(grouped(model.parameterCount))",
        "Trainable parameters: \(grouped(model.parameterCount))",
    ]
}

/// The lines that a study's runs print, each with the run's name before it in a column of its own:
/// `baseline      | Epoch 01 | ...`, and with several seeds `baseline      | seed  7 | Epoch 01 | ...`.
package struct RunLines: Sendable {
    private let nameWidth: Int
    /// Digits of the largest seed; nil when all runs have the same one.
    private let seedWidth: Int?

    /// - Parameter jobs: all the runs whose lines are to stand below each other.
    package init(_ jobs: [TrainingJob]) {
        nameWidth = jobs.map(\.experiment.count).max() ?? 0
        let seeds = Set(jobs.map(\.seed))
        seedWidth = seeds.count > 1 ? seeds.map { "\($0)".count }.max() : nil
    }

    /// The line of an epoch that has ended.
    package func epoch(_ record: EpochRecord, of job: TrainingJob) -> String {
        prefix(job) + epochLine(record)
    }

    /// The lines of a run that has ended: parameters, best validation accuracy, test loss and accuracy, digest of the weights.
    package func end(of run: FinishedRun) -> [String] {
        let result = RunResult(run)
        return [
            "Parameters: \(grouped(run.job.model.parameterCount))",
            "Best validation accuracy: \(fixed(result.bestValAccuracy))",
            "Test loss: \(fixed(run.outcome.testLoss)) | Test accuracy: \(fixed(result.testAccuracy))",
            "Weights SHA-256: \(result.weightsSHA256)",
        ].map { prefix(run.job) + $0 }
    }

    private func prefix(_ job: TrainingJob) -> String {
        let seed = seedWidth.map { "seed \(padded("\(job.seed)", to: $0, alignRight: true)) | " } ?? ""
        return "\(padded(job.experiment, to: nameWidth)) | \(seed)"
    }
}
