package import CNNCore
package import RandomStreams

/// All there is of a job at a moment, as plain values: what a checkpoint holds.
///
/// Work in flight is not in it. It is done again, to the same bits.
package struct JobState: Sendable, Hashable {
    /// Parameters after an epoch.
    package struct EpochParameters: Sendable, Hashable {
        /// Number of the epoch, from 1.
        package let epoch: Int
        /// Flat, channels-last.
        package let parameters: [Float]

        package init(epoch: Int, parameters: [Float]) {
            self.epoch = epoch
            self.parameters = parameters
        }
    }

    /// An evaluation pass that is not done, or the test of a job that has finished.
    package struct Pass: Sendable, Hashable {
        package let purpose: EvaluationPurpose
        /// A result, or nil, for each batch in order.
        package let batches: [EvaluationResult?]

        package init(purpose: EvaluationPurpose, batches: [EvaluationResult?]) {
            self.purpose = purpose
            self.batches = batches
        }
    }

    /// Steps trained.
    package var step: Int
    /// The parameters after them, flat, channels-last.
    package var parameters: [Float]
    package var optimizer: Adam.State
    /// The generator as it was before it drew the order of the current epoch (after the last step: of the last epoch).
    package var generator: MersenneTwister
    /// Sum of the losses of the current epoch's samples, added step by step.
    package var lossOfEpoch: Double
    /// Samples of the current epoch that were classified correctly.
    package var correctInEpoch: Int
    /// Loss of each step.
    package var stepLosses: [Float]
    package var chain: StepChain
    /// The epochs that were trained and validated.
    package var epochs: [EpochRecord]
    /// The passes behind these epochs, in order.
    package var passes: [Pass]
    /// The parameters of the best epoch so far, and those that the passes evaluate; epochs ascending.
    package var epochParameters: [EpochParameters]

    package init(
        step: Int, parameters: [Float], optimizer: Adam.State, generator: MersenneTwister, lossOfEpoch: Double, correctInEpoch: Int,
        stepLosses: [Float], chain: StepChain, epochs: [EpochRecord], passes: [Pass], epochParameters: [EpochParameters]
    ) {
        self.step = step
        self.parameters = parameters
        self.optimizer = optimizer
        self.generator = generator
        self.lossOfEpoch = lossOfEpoch
        self.correctInEpoch = correctInEpoch
        self.stepLosses = stepLosses
        self.chain = chain
        self.epochs = epochs
        self.passes = passes
        self.epochParameters = epochParameters
    }

    /// The best epoch so far; nil before the first.
    package var bestEpoch: Int? { epochs.best?.epoch }

    /// The parameters after an epoch, if they are here.
    package func parameters(afterEpoch epoch: Int) -> [Float]? { epochParameters.first { $0.epoch == epoch }?.parameters }
}

/// What an evaluation pass is for.
package enum EvaluationPurpose: Sendable, Hashable {
    /// The validation images, after an epoch (from 1) with its training figures.
    case validation(epoch: Int, trainLoss: Double, trainAccuracy: Double)
    /// The test images, after the last epoch.
    case test
}

/// What a batch of evaluation came to.
package struct EvaluationResult: Sendable, Hashable {
    /// Sum of the samples' losses.
    package let lossSum: Double
    /// Predicted class of each sample.
    package let predictions: [UInt32]

    package init(lossSum: Double, predictions: [UInt32]) {
        self.lossSum = lossSum
        self.predictions = predictions
    }
}
