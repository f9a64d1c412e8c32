/// What one epoch of a run came to.
package struct EpochRecord: Sendable, Hashable {
    /// Number of the epoch, from 1.
    package let epoch: Int
    /// Mean cross entropy over the epoch's samples, each with the weights of its step.
    package let trainLoss: Double
    /// Share of the epoch's samples classified correctly, each with the weights of its step.
    package let trainAccuracy: Double
    /// Mean cross entropy over the validation images with the weights after the epoch.
    package let validationLoss: Double
    /// Share of the validation images classified correctly with the weights after the epoch.
    package let validationAccuracy: Double

    package init(epoch: Int, trainLoss: Double, trainAccuracy: Double, validationLoss: Double, validationAccuracy: Double) {
        self.epoch = epoch
        self.trainLoss = trainLoss
        self.trainAccuracy = trainAccuracy
        self.validationLoss = validationLoss
        self.validationAccuracy = validationAccuracy
    }
}

extension [EpochRecord] {
    /// The epoch of the best validation accuracy, the first of equals; nil where there is none.
    package var best: EpochRecord? {
        var best: EpochRecord?
        for record in self where record.validationAccuracy > best?.validationAccuracy ?? -1 { best = record }
        return best
    }
}

extension [[Int]] {
    /// Of a confusion matrix, images by true class (row) and predicted class (column), those on its diagonal, classified correctly.
    package var correct: Int { indices.reduce(0) { $0 + self[$1][$1] } }
}

/// A finished run.
package struct TrainingOutcome: Sendable {
    package let epochs: [EpochRecord]
    /// Mean cross entropy of each training step's mini-batch, in order.
    package let stepLosses: [Float]
    /// Mean cross entropy over the test images with the final weights.
    package let testLoss: Double
    /// Test images by true class (row) and predicted class (column).
    package let confusionMatrix: [[Int]]
    /// The parameters after the last step, flat, in the order of `SmallCNN.tensors`.
    package let finalParameters: [Float]
    /// The parameters after the epoch of the best validation accuracy (the first of equals), flat, in the order of `SmallCNN.tensors`.
    package let bestParameters: [Float]
    /// What the steps can be checked by.
    package let chain: StepChain

    package init(
        epochs: [EpochRecord], stepLosses: [Float], testLoss: Double, confusionMatrix: [[Int]], finalParameters: [Float],
        bestParameters: [Float], chain: StepChain
    ) {
        self.epochs = epochs
        self.stepLosses = stepLosses
        self.testLoss = testLoss
        self.confusionMatrix = confusionMatrix
        self.finalParameters = finalParameters
        self.bestParameters = bestParameters
        self.chain = chain
    }

    /// Share of the test images classified correctly.
    package var testAccuracy: Double {
        let count = confusionMatrix.reduce(0) { $0 + $1.reduce(0, +) }
        return count == 0 ? 0 : Double(confusionMatrix.correct) / Double(count)
    }

    /// The best validation accuracy over the epochs.
    package var bestValidationAccuracy: Double { epochs.best?.validationAccuracy ?? 0 }

    /// The epoch of the best validation accuracy, whose weights are `bestParameters`; 0 when there is no epoch.
    package var bestEpoch: Int { epochs.best?.epoch ?? 0 }
}
