import CNNCore
import Datasets

/// A pass over the validation or the test images with fixed parameters, batch by batch.
struct EvaluationPass {
    let purpose: EvaluationPurpose
    /// Steps that had been trained when the pass began; with the job's index it names the parameters.
    let step: Int
    /// The parameters evaluated.
    let parameters: FloatVector
    let images: Range<Int>
    let batchSize: Int
    private(set) var batches: [EvaluationResult?]
    /// Who evaluated each batch, where it was a worker of this run.
    private var contributors: [PeerID?]
    private var next = 0
    private var requeued: [Int] = []
    private var missing: Int

    init(purpose: EvaluationPurpose, step: Int, parameters: FloatVector, images: Range<Int>, batchSize: Int) {
        self.purpose = purpose
        self.step = step
        self.parameters = parameters
        self.images = images
        self.batchSize = batchSize
        missing = (images.count + batchSize - 1) / batchSize
        batches = Array(repeating: nil, count: missing)
        contributors = Array(repeating: nil, count: missing)
    }

    /// Takes up a pass whose batches were partly done; `results` has as many elements as the pass has batches.
    mutating func restore(_ results: [EvaluationResult?]) {
        batches = results
        next = results.count
        requeued = results.indices.reversed().filter { results[$0] == nil }
        missing = requeued.count
    }

    /// Whether there is a batch that nobody works on.
    var hasReadyBatch: Bool { next < batches.count || !requeued.isEmpty }
    var isComplete: Bool { missing == 0 }
    /// Samples without a result.
    var remainingSamples: Int { missing * batchSize }

    /// Takes a batch that nobody works on.
    mutating func takeReadyBatch() -> Int? {
        if let batch = requeued.popLast() { return batch }
        guard next < batches.count else { return nil }
        defer { next += 1 }
        return next
    }

    mutating func requeue(batch: Int) { requeued.append(batch) }

    /// - Parameter contributor: Who computed the result, if it was a worker.
    mutating func complete(batch: Int, with result: EvaluationResult, by contributor: PeerID?) {
        if batches[batch] == nil { missing -= 1 }
        batches[batch] = result
        contributors[batch] = contributor
    }

    /// Drops what a worker came to.
    mutating func requeueBatches(by contributor: PeerID) {
        for batch in batches.indices where contributors[batch] == contributor {
            batches[batch] = nil
            contributors[batch] = nil
            missing += 1
            requeue(batch: batch)
        }
    }

    /// Images of a batch, as indices into the pass's image set.
    func images(of batch: Int) -> Range<Int> {
        let start = images.lowerBound + batch * batchSize
        return start..<min(start + batchSize, images.upperBound)
    }

    /// The pass's figures: mean loss, and images by true class (row) and predicted class (column). The batches' sums are added in order.
    func summary(of set: ImageSet, classes: Int) -> (loss: Double, confusion: [[Int]]) {
        var lossSum = 0.0
        var confusion = Array(repeating: Array(repeating: 0, count: classes), count: classes)
        for (index, batch) in batches.enumerated() {
            guard let batch else { continue }
            lossSum += batch.lossSum
            for (image, predicted) in zip(images(of: index), batch.predictions) {
                confusion[Int(set.labels[image])][Int(predicted)] += 1
            }
        }
        return (lossSum / Double(images.count), confusion)
    }
}
