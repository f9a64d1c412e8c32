package import CNNCore
package import Datasets

/// One variation of a study: a network, how many images it is trained on, and how.
package struct Experiment: Sendable, Hashable {
    /// The name it goes by on the command line, in results and in folders, such as `more-channels`.
    package let name: String
    /// The name in a table, such as `More channels (16, 32)`.
    package let title: String
    /// Channels of the first convolution, `c1`.
    package let firstChannels: Int
    /// Channels of the second convolution, `c2`.
    package let secondChannels: Int
    /// Side of both convolutions' kernels.
    package let kernelSize: Int
    /// Probability with which a feature is dropped before the linear layer, in training only.
    package let dropout: Double
    /// Number of training images, taken from the data set's first on.
    package let trainingImages: Int
    package let optimizer: Adam.Hyperparameters

    package init(
        name: String, title: String, firstChannels: Int = 8, secondChannels: Int = 16, kernelSize: Int = 3, dropout: Double = 0,
        trainingImages: Int = 10_000, optimizer: Adam.Hyperparameters = .init()
    ) {
        self.name = name
        self.title = title
        self.firstChannels = firstChannels
        self.secondChannels = secondChannels
        self.kernelSize = kernelSize
        self.dropout = dropout
        self.trainingImages = trainingImages
        self.optimizer = optimizer
    }

    /// The experiment's network for a data set's image size and number of classes.
    ///
    /// - Throws: `ModelError` when no such network can be built.
    package func model(for dataset: Dataset) throws(ModelError) -> SmallCNN {
        try SmallCNN(
            firstChannels: firstChannels, secondChannels: secondChannels, kernelSize: kernelSize, classes: dataset.classes,
            height: dataset.train.height, width: dataset.train.width, dropout: dropout)
    }

    /// What the experiment changes against another, in words: `16 and 32 channels instead of 8 and 16`; empty when nothing.
    package func changes(from baseline: Experiment) -> String {
        var changes: [String] = []
        if (firstChannels, secondChannels) != (baseline.firstChannels, baseline.secondChannels) {
            changes.append(
                "\(firstChannels) and \(secondChannels) channels instead of \(baseline.firstChannels) and \(baseline.secondChannels)")
        }
        if kernelSize != baseline.kernelSize {
            changes.append("\(kernelSize)x\(kernelSize) kernels instead of \(baseline.kernelSize)x\(baseline.kernelSize)")
        }
        if dropout != baseline.dropout {
            changes.append("dropout of \(dropout) instead of \(baseline.dropout == 0 ? "none" : "\(baseline.dropout)")")
        }
        if trainingImages != baseline.trainingImages {
            changes.append("\(grouped(trainingImages)) training images instead of \(grouped(baseline.trainingImages))")
        }
        if optimizer != baseline.optimizer {
            changes.append(
                "learning rate \(optimizer.learningRate), betas \(optimizer.beta1) and \(optimizer.beta2), epsilon \(optimizer.epsilon)")
        }
        return changes.joined(separator: ", ")
    }
}
