package import CNNCore
package import Datasets
import Digests
import TrainingProtocol

/// A record of a job's training that can be checked: one link a step, each of which binds the parameters after its step, the step's loss and all steps before.
///
/// Link n is SHA-256 over: the link before (32 bytes; for the first step the origin), n (from 1) as a little-endian 64-bit number, the loss's bits as a
/// little-endian 32-bit number, and the 128-bit ``XXH3`` of the parameters after the step as little-endian float32, channels-last. The origin is SHA-256 over a text that
/// names the data and everything of the job that the steps depend on, and over the ``XXH3`` of the initial parameters.
package struct StepChain: Sendable, Hashable {
    /// Bytes of a link.
    package static let linkSize = 32

    /// What stands before the first link.
    package let origin: [UInt8]
    /// The links, back to back.
    package private(set) var links: [UInt8]

    /// The chain of a job before its first step.
    ///
    /// - Parameter initialParameters: flat, channels-last.
    package init(job: TrainingJob, dataset: Dataset, initialParameters: [Float]) {
        var digest = SHA256()
        digest.update(Array(Self.description(of: job, on: dataset).utf8))
        digest.update(initialParameters.withUnsafeBufferPointer { XXH3.digest128($0) })
        origin = digest.finalize()
        links = []
    }

    /// A chain that was saved; `links` holds whole links.
    package init(origin: [UInt8], links: [UInt8]) {
        self.origin = origin
        self.links = links
    }

    /// Number of steps.
    package var count: Int { links.count / Self.linkSize }

    /// The link of a step, from 0.
    package subscript(step: Int) -> ArraySlice<UInt8> { links[step * Self.linkSize..<(step + 1) * Self.linkSize] }

    /// Adds the link of the next step.
    ///
    /// - Parameter parameters: those after the step.
    package mutating func append(loss: Float, parameters: FloatVector) {
        links += link(of: count, loss: loss, parameters: parameters)
    }

    /// The link that a step (from 0, at most ``count``) has if these are its loss and parameters and all before it is right.
    package func link(of step: Int, loss: Float, parameters: FloatVector) -> [UInt8] {
        var digest = SHA256()
        digest.update(step == 0 ? origin : Array(self[step - 1]))
        var numbers: [UInt8] = []
        withUnsafeBytes(of: UInt64(step + 1).littleEndian) { numbers += $0 }
        withUnsafeBytes(of: loss.bitPattern.littleEndian) { numbers += $0 }
        digest.update(numbers)
        digest.update(parameters.withUnsafeBufferPointer { XXH3.digest128($0) })
        return digest.finalize()
    }

    /// Everything that a job's steps are a function of, line by line; numbers that are not whole as their bits.
    private static func description(of job: TrainingJob, on dataset: Dataset) -> String {
        func bits(_ value: Double) -> String { "0x" + String(value.bitPattern, radix: 16) }
        func bits(_ value: Float) -> String { "0x" + String(value.bitPattern, radix: 16) }
        let model = job.model
        let optimizer = job.optimizer
        return """
            minishard chain 3
            profile \(TrainingProtocol.profile)
            data \(dataset.sha256)
            training images \(job.trainingImages.lowerBound) to \(job.trainingImages.upperBound)
            batch size \(job.batchSize)
            normalization \(bits(job.normalization.mean)) \(bits(job.normalization.standardDeviation))
            seed \(job.seed)
            model c1 \(model.firstChannels) c2 \(model.secondChannels) kernel \(model.kernelSize) classes \(model.classes) height \(model.height) \
            width \(model.width) dropout \(bits(model.dropout))
            adam \(bits(optimizer.learningRate)) \(bits(optimizer.beta1)) \(bits(optimizer.beta2)) \(bits(optimizer.epsilon))

            """
    }
}
