import CNNCore
package import Coordinator
package import Datasets

/// Everything a study came to: the document `results.json`. Its keys are the properties' names in snake case.
package struct StudyResults: Codable, Sendable, Hashable {
    /// The study's name.
    package let study: String
    /// The program's version.
    package let version: String
    package let dataset: DatasetResult
    /// Number of worker processes.
    package let workers: Int
    /// Time from the study's start to its end, in seconds.
    package let wallSeconds: Double
    /// Number of images that each validation accuracy is measured on.
    package let validationImages: Int
    /// Number of images that each test accuracy is measured on.
    package let testImages: Int
    /// The experiments that were run, in the study's order.
    package let experiments: [ExperimentResult]

    enum CodingKeys: String, CodingKey {
        case study, version, dataset, workers
        case wallSeconds = "wall_seconds"
        case validationImages = "validation_images"
        case testImages = "test_images"
        case experiments
    }

    /// Puts a study's finished runs together, whatever the order in which they finished. An experiment without a finished run is left out.
    package init(
        study: Study, dataset: Dataset, version: String, workers: Int, wallSeconds: Double, runs: [FinishedRun]
    ) {
        self.study = study.name
        self.version = version
        self.dataset = DatasetResult(name: dataset.name, sha256: dataset.sha256)
        self.workers = workers
        self.wallSeconds = wallSeconds
        validationImages = study.validationImages.count
        testImages = study.testImages.count
        let baseline = runs.filter { $0.job.experiment == Study.baselineName }
        experiments = study.experiments.compactMap { experiment in
            let own = runs.filter { $0.job.experiment == experiment.name }.sorted { $0.job.seed < $1.job.seed }
            return own.first.map { first in
                ExperimentResult(
                    experiment: experiment, changes: study.baseline.map(experiment.changes(from:)), job: first.job, runs: own,
                    baseline: baseline)
            }
        }
    }

    /// The experiment that the others are compared with, if it was run.
    package var baseline: ExperimentResult? { experiments.first { $0.name == Study.baselineName } }
}

/// A run that has come to its end.
package struct FinishedRun: Sendable {
    package let job: TrainingJob
    package let outcome: TrainingOutcome

    package init(job: TrainingJob, outcome: TrainingOutcome) {
        self.job = job
        self.outcome = outcome
    }
}

/// The data set of a study.
package struct DatasetResult: Codable, Sendable, Hashable {
    package let name: String
    /// SHA-256 of its pixels and labels, in hexadecimal.
    package let sha256: String
}

/// What an experiment came to, over all its seeds.
package struct ExperimentResult: Codable, Sendable, Hashable {
    package let name: String
    /// Its name in tables.
    package let title: String
    /// What it changes against the baseline, in words; empty for the baseline itself, nil when the study has no baseline.
    @Nullable package var changes: String?
    /// Number of parameters, all of them trainable.
    package let parameters: Int
    /// Parameters more than the baseline's; nil when the baseline was not run.
    @Nullable package var parameterChange: Int?
    /// Best validation accuracy above the baseline's, the mean over the seeds that both were run with; nil when there is none.
    @Nullable package var valAccuracyChange: Double?
    package let model: ModelResult
    package let optimizer: OptimizerResult
    /// Passes over the training images.
    package let epochs: Int
    package let batchSize: Int
    /// Number of images trained on.
    package let trainingImages: Int
    /// One run a seed, seeds ascending.
    package let runs: [RunResult]

    enum CodingKeys: String, CodingKey {
        case name, title, changes, parameters
        case parameterChange = "parameter_change"
        case valAccuracyChange = "val_accuracy_change"
        case model, optimizer, epochs
        case batchSize = "batch_size"
        case trainingImages = "training_images"
        case runs
    }

    fileprivate init(experiment: Experiment, changes: String?, job: TrainingJob, runs: [FinishedRun], baseline: [FinishedRun]) {
        name = experiment.name
        title = experiment.title
        parameters = job.model.parameterCount
        model = ModelResult(job.model)
        optimizer = OptimizerResult(job.optimizer)
        epochs = job.epochs
        batchSize = job.batchSize
        trainingImages = job.trainingImages.count
        self.runs = runs.map(RunResult.init)
        self.changes = changes
        parameterChange = baseline.first.map { [parameters] in parameters - $0.job.model.parameterCount }
        let differences = pairedDifferences(self.runs, baseline.map(RunResult.init), in: \.bestValAccuracy)
        valAccuracyChange = Sample(differences)?.mean
    }
}

/// The differences of a measure between runs of two experiments with the same seed, seeds in the order of `runs`.
package func pairedDifferences(_ runs: [RunResult], _ baseline: [RunResult], in measure: (RunResult) -> Double) -> [Double] {
    runs.compactMap { run in
        baseline.first { $0.seed == run.seed }.map { measure(run) - measure($0) }
    }
}

/// A network in the results.
package struct ModelResult: Codable, Sendable, Hashable {
    package let firstChannels: Int
    package let secondChannels: Int
    package let kernelSize: Int
    package let dropout: Double
    package let classes: Int
    package let height: Int
    package let width: Int

    enum CodingKeys: String, CodingKey {
        case firstChannels = "c1"
        case secondChannels = "c2"
        case kernelSize = "kernel_size"
        case dropout, classes, height, width
    }

    init(_ model: SmallCNN) {
        firstChannels = model.firstChannels
        secondChannels = model.secondChannels
        kernelSize = model.kernelSize
        dropout = model.dropout
        classes = model.classes
        height = model.height
        width = model.width
    }
}

/// The optimiser's settings in the results.
package struct OptimizerResult: Codable, Sendable, Hashable {
    /// The optimiser's name, `adam`.
    package let name: String
    package let learningRate: Double
    package let beta1: Double
    package let beta2: Double
    package let epsilon: Double

    enum CodingKeys: String, CodingKey {
        case name
        case learningRate = "learning_rate"
        case beta1, beta2, epsilon
    }

    init(_ hyperparameters: Adam.Hyperparameters) {
        name = "adam"
        learningRate = hyperparameters.learningRate
        beta1 = hyperparameters.beta1
        beta2 = hyperparameters.beta2
        epsilon = hyperparameters.epsilon
    }
}

/// What an experiment came to with one seed.
package struct RunResult: Codable, Sendable, Hashable {
    package let seed: UInt64
    /// The best validation accuracy over the epochs.
    package let bestValAccuracy: Double
    /// The epoch of the best validation accuracy, the first of equals, from 1.
    package let bestEpoch: Int
    /// Share of the test images classified correctly by the final weights.
    package let testAccuracy: Double
    /// Mean cross entropy over the test images with the final weights; nil when it is not a finite number.
    @Nullable package var testLoss: Double?
    /// SHA-256 of the final weights, see ``weightsSHA256(_:)``.
    package let weightsSHA256: String
    /// Test images by true class (row) and predicted class (column).
    package let confusionMatrix: [[Int]]
    package let epochs: [EpochResult]

    enum CodingKeys: String, CodingKey {
        case seed
        case bestValAccuracy = "best_val_accuracy"
        case bestEpoch = "best_epoch"
        case testAccuracy = "test_accuracy"
        case testLoss = "test_loss"
        case weightsSHA256 = "weights_sha256"
        case confusionMatrix = "confusion_matrix"
        case epochs
    }

    package init(_ run: FinishedRun) {
        seed = run.job.seed
        bestValAccuracy = run.outcome.bestValidationAccuracy
        bestEpoch = run.outcome.bestEpoch
        testAccuracy = run.outcome.testAccuracy
        weightsSHA256 = Studies.weightsSHA256(run.outcome.finalParameters)
        confusionMatrix = run.outcome.confusionMatrix
        epochs = run.outcome.epochs.map(EpochResult.init)
        testLoss = finite(run.outcome.testLoss)
    }
}

/// What one epoch of a run came to.
package struct EpochResult: Codable, Sendable, Hashable {
    /// Number of the epoch, from 1.
    package let epoch: Int
    /// Nil when the loss is not a finite number, as for every loss here.
    @Nullable package var trainLoss: Double?
    package let trainAccuracy: Double
    @Nullable package var valLoss: Double?
    package let valAccuracy: Double

    enum CodingKeys: String, CodingKey {
        case epoch
        case trainLoss = "train_loss"
        case trainAccuracy = "train_accuracy"
        case valLoss = "val_loss"
        case valAccuracy = "val_accuracy"
    }

    init(_ record: EpochRecord) {
        epoch = record.epoch
        trainAccuracy = record.trainAccuracy
        valAccuracy = record.validationAccuracy
        trainLoss = finite(record.trainLoss)
        valLoss = finite(record.validationLoss)
    }
}

/// A property that is always written, as null when it has no value, where `Codable` leaves an absent optional out.
@propertyWrapper
package struct Nullable<Value: Codable & Sendable & Hashable>: Codable, Sendable, Hashable {
    package var wrappedValue: Value?

    package init(wrappedValue: Value?) {
        self.wrappedValue = wrappedValue
    }

    package init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        wrappedValue = container.decodeNil() ? nil : try container.decode(Value.self)
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        if let wrappedValue {
            try container.encode(wrappedValue)
        } else {
            try container.encodeNil()
        }
    }
}

/// The number, or nil for infinities and NaN, which JSON cannot hold.
private func finite(_ value: Double) -> Double? {
    value.isFinite ? value : nil
}
