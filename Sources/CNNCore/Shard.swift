/// Part of a mini-batch: some of its quanta, with their images and labels.
package struct Shard {
    /// Seed of the run, for the dropout masks.
    package let seed: UInt64
    /// Training step within the run, from 0, for the dropout masks.
    package let step: UInt32
    /// The first of the shard's quanta within the mini-batch.
    package let firstQuantum: Int
    /// Grey values, (sample, row, column), 0 to 255.
    package let pixels: UnsafeRawBufferPointer
    /// Classes, one byte a sample, each less than the model's `classes`.
    package let labels: UnsafeRawBufferPointer
    package let normalization: Normalization

    package init(
        seed: UInt64, step: UInt32, firstQuantum: Int, pixels: UnsafeRawBufferPointer, labels: UnsafeRawBufferPointer,
        normalization: Normalization
    ) {
        self.seed = seed
        self.step = step
        self.firstQuantum = firstQuantum
        self.pixels = pixels
        self.labels = labels
        self.normalization = normalization
    }
}

/// How grey values become the network's inputs: `(value / 255 - mean) / standardDeviation`, each operation rounded to Float, as torchvision does it.
package struct Normalization: Sendable, Hashable {
    package let mean: Float
    package let standardDeviation: Float

    package init(mean: Float, standardDeviation: Float) {
        self.mean = mean
        self.standardDeviation = standardDeviation
    }

    /// MNIST's mean and standard deviation, which the study uses.
    package static let mnist = Normalization(mean: 0.1307, standardDeviation: 0.3081)

    /// The network's input for a pixel without ink.
    package var background: Float { (0 - mean) / standardDeviation }
}

/// What a shard's samples came to, beside their gradient.
package struct ShardStatistics: Sendable, Hashable {
    /// Sum of the samples' cross entropies, added in order within a quantum and by the canonical tree between quanta.
    package var lossSum: Double
    /// Samples whose largest logit is their label's.
    package var correct: Int

    package init(lossSum: Double, correct: Int) {
        self.lossSum = lossSum
        self.correct = correct
    }

    mutating func add(_ other: ShardStatistics) {
        lossSum += other.lossSum
        correct += other.correct
    }
}
