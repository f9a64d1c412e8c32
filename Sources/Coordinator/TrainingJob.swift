package import CNNCore

/// One run to train: an experiment with one seed. Its result is a function of this value and the data alone.
package struct TrainingJob: Sendable {
    /// The experiment's name, such as `baseline`.
    package let experiment: String
    /// Seed of the initial weights, the order of the samples and the dropout masks, as in `torch.manual_seed`.
    package let seed: UInt64
    package let model: SmallCNN
    package let optimizer: Adam.Hyperparameters
    /// How grey values become the network's inputs.
    package let normalization: Normalization
    /// Passes over the training images.
    package let epochs: Int
    /// Samples in a mini-batch of training; the last of an epoch may be short.
    package let batchSize: Int
    /// Samples in a batch of validation and testing.
    package let evaluationBatchSize: Int
    /// Which of the data set's training images are trained on.
    package let trainingImages: Range<Int>
    /// Which of the data set's training images are for validation.
    package let validationImages: Range<Int>
    /// Which of the data set's test images are for testing.
    package let testImages: Range<Int>

    /// Mini-batches in an epoch, the short one included.
    package var stepsPerEpoch: Int { (trainingImages.count + batchSize - 1) / batchSize }

    package init(
        experiment: String, seed: UInt64, model: SmallCNN, optimizer: Adam.Hyperparameters = .init(), normalization: Normalization = .mnist,
        epochs: Int = 5, batchSize: Int = 64, evaluationBatchSize: Int = 256, trainingImages: Range<Int>, validationImages: Range<Int>,
        testImages: Range<Int>
    ) {
        self.experiment = experiment
        self.seed = seed
        self.model = model
        self.optimizer = optimizer
        self.normalization = normalization
        self.epochs = epochs
        self.batchSize = batchSize
        self.evaluationBatchSize = evaluationBatchSize
        self.trainingImages = trainingImages
        self.validationImages = validationImages
        self.testImages = testImages
    }
}
