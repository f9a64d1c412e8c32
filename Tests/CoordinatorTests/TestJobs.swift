import CNNCore
import Coordinator
import Datasets
import TestImages

/// Small jobs on a small data set.
enum TestJobs {
    static let dataset = Dataset.patterns(train: 120, test: 60)

    static func model(firstChannels: Int = 2, dropout: Double = 0) throws -> SmallCNN {
        try SmallCNN(firstChannels: firstChannels, secondChannels: 3, kernelSize: 3, classes: 3, height: 6, width: 6, dropout: dropout)
    }

    static func job(
        seed: UInt64 = 0, model: SmallCNN, optimizer: Adam.Hyperparameters = .init(), normalization: Normalization = .mnist,
        epochs: Int = 2,
        batchSize: Int = 28, evaluationBatchSize: Int = 16, trainingImages: Range<Int> = 0..<90, validationImages: Range<Int> = 90..<120,
        testImages: Range<Int> = 0..<60
    ) -> TrainingJob {
        TrainingJob(
            experiment: "test", seed: seed, model: model, optimizer: optimizer, normalization: normalization, epochs: epochs,
            batchSize: batchSize, evaluationBatchSize: evaluationBatchSize, trainingImages: trainingImages,
            validationImages: validationImages, testImages: testImages)
    }

    /// Jobs of different seeds and shapes, every other one with dropout.
    static func mixed(_ count: Int, epochs: Int = 2) throws -> [TrainingJob] {
        try (0..<count).map { index in
            job(
                seed: UInt64(index), model: try model(firstChannels: 2 + index % 3, dropout: index % 2 == 1 ? 0.25 : 0), epochs: epochs,
                trainingImages: index % 3 == 2 ? 0..<41 : 0..<90)
        }
    }

    /// What identifies a result: every number of it, to the bit.
    static func bits(of outcome: TrainingOutcome) -> [UInt64] {
        var bits: [UInt64] = []
        bits += outcome.finalParameters.map { UInt64($0.bitPattern) }
        bits += outcome.bestParameters.map { UInt64($0.bitPattern) }
        bits += (outcome.chain.origin + outcome.chain.links).map { UInt64($0) }
        bits += outcome.stepLosses.map { UInt64($0.bitPattern) }
        for epoch in outcome.epochs {
            bits += [epoch.trainLoss, epoch.trainAccuracy, epoch.validationLoss, epoch.validationAccuracy].map(\.bitPattern)
        }
        bits.append(outcome.testLoss.bitPattern)
        bits += outcome.confusionMatrix.flatMap { $0 }.map { UInt64($0) }
        return bits
    }
}
