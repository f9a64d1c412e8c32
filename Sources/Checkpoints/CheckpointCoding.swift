import CNNCore
import Coordinator
import FileFormats
import ForeignText
import RandomStreams

/// What a run's checkpoints must agree in with the run that takes them up.
package struct CheckpointIdentity: Sendable, Hashable {
    /// Names the run.
    package let run: String
    /// SHA-256 of the data, in hexadecimal.
    package let datasetSHA256: String
    /// Name of the arithmetic.
    package let profile: String

    package init(run: String, datasetSHA256: String, profile: String) {
        self.run = run
        self.datasetSHA256 = datasetSHA256
        self.profile = profile
    }
}

/// The notes by which a file says what it is and what it belongs to.
struct CheckpointLabel {
    /// Version of the format of these files.
    static let version = "1"

    enum Kind: String {
        /// A job's state, but for the parameters after epochs.
        case state
        /// The parameters after an epoch.
        case epoch
    }

    let kind: Kind
    let identity: CheckpointIdentity
    let job: TrainingJob

    var notes: [Safetensors.Note] {
        [
            .init("minishard_checkpoint", Self.version), .init("kind", kind.rawValue), .init("run", identity.run),
            .init("data_sha256", identity.datasetSHA256), .init("profile", identity.profile), .init("experiment", job.experiment),
            .init("seed", "\(job.seed)"),
        ]
    }

    /// Checks that a file has this label.
    func check(_ file: CheckpointReader) throws(CheckpointError) {
        for note in notes {
            let found = try file.text(note.name)
            guard found == note.value else {
                throw CheckpointError("Its \(note.name) is \(found.fitForLog.prefix(100)), and \(note.value) is needed here.")
            }
        }
    }
}

/// Takes a file's notes and tensors apart.
struct CheckpointReader {
    private let notes: [String: String]
    private let tensors: [String: Safetensors.Tensor]

    init(_ bytes: [UInt8]) throws(CheckpointError) {
        let file = try CheckpointFile.parse(bytes)
        // The reader of the format refuses names that occur twice.
        notes = Dictionary(file.notes.map { ($0.name, $0.value) }) { first, _ in first }
        tensors = Dictionary(file.tensors.map { ($0.name, $0) }) { first, _ in first }
    }

    func text(_ name: String) throws(CheckpointError) -> String {
        guard let text = notes[name] else { throw CheckpointError("It has no note '\(name)': this is no checkpoint of minishard.") }
        return text
    }

    func number<Number: FixedWidthInteger>(_ name: String) throws(CheckpointError) -> Number {
        let text = try text(name)
        guard let number = Number(text), number >= 0 else { throw CheckpointError("Its note '\(name)' is no number that is possible.") }
        return number
    }

    /// A number that was saved as its bits.
    func double(_ name: String) throws(CheckpointError) -> Double {
        let text = try text(name)
        guard text.hasPrefix("0x"), let bits = UInt64(text.dropFirst(2), radix: 16) else {
            throw CheckpointError("Its note '\(name)' is not a number's bits.")
        }
        return Double(bitPattern: bits)
    }

    func elements(_ name: String, shape: [Int]) throws(CheckpointError) -> Safetensors.Elements {
        guard let tensor = tensors[name] else { throw CheckpointError("It has no tensor '\(name)'.") }
        guard tensor.shape == shape else {
            throw CheckpointError("Its tensor '\(name)' has the shape \("\(tensor.shape)".fitForLog), and \(shape) is needed here.")
        }
        return tensor.elements
    }

    func floats(_ name: String, shape: [Int]) throws(CheckpointError) -> [Float] {
        guard case .float32(let values) = try elements(name, shape: shape) else { throw wrongType(name, "F32") }
        return values
    }

    func doubles(_ name: String, shape: [Int]) throws(CheckpointError) -> [Double] {
        guard case .float64(let values) = try elements(name, shape: shape) else { throw wrongType(name, "F64") }
        return values
    }

    func words(_ name: String, shape: [Int]) throws(CheckpointError) -> [UInt32] {
        guard case .uint32(let values) = try elements(name, shape: shape) else { throw wrongType(name, "U32") }
        return values
    }

    func bytes(_ name: String, shape: [Int]) throws(CheckpointError) -> [UInt8] {
        guard case .uint8(let values) = try elements(name, shape: shape) else { throw wrongType(name, "U8") }
        return values
    }

    /// A vector as long as a model's parameters, channels-last, from one tensor a parameter tensor.
    func parameters(_ prefix: String, of model: SmallCNN) throws(CheckpointError) -> [Float] {
        var values: [Float] = []
        values.reserveCapacity(model.parameterCount)
        for tensor in model.tensors { values += try floats(prefix + tensor.name, shape: tensor.shape) }
        return model.channelsLast(values)
    }

    private func wrongType(_ name: String, _ type: String) -> CheckpointError {
        CheckpointError("Its tensor '\(name)' does not have elements of type \(type).")
    }
}

/// A vector as long as a model's parameters, channels-last, as one tensor a parameter tensor.
private func tensors(_ prefix: String, _ values: [Float], of model: SmallCNN) -> [Safetensors.Tensor] {
    let values = model.channelsFirst(values)
    return model.tensors.map { .init(name: prefix + $0.name, shape: $0.shape, elements: Array(values[$0.range])) }
}

private func bits(_ value: Double) -> String { "0x" + String(value.bitPattern, radix: 16) }

/// The file of the parameters after an epoch.
struct EpochFile {
    static func bytes(_ entry: JobState.EpochParameters, job: TrainingJob, identity: CheckpointIdentity) -> [UInt8] {
        let label = CheckpointLabel(kind: .epoch, identity: identity, job: job)
        return CheckpointFile.bytes(
            tensors: tensors("model.", entry.parameters, of: job.model), notes: label.notes + [.init("epoch", "\(entry.epoch)")])
    }

    static func parse(
        _ bytes: [UInt8], epoch: Int, job: TrainingJob, identity: CheckpointIdentity
    ) throws(CheckpointError) -> JobState.EpochParameters {
        let file = try CheckpointReader(bytes)
        try CheckpointLabel(kind: .epoch, identity: identity, job: job).check(file)
        let found: Int = try file.number("epoch")
        guard found == epoch else { throw CheckpointError("It holds the parameters after epoch \(found) instead of \(epoch).") }
        return .init(epoch: epoch, parameters: try file.parameters("model.", of: job.model))
    }
}

/// The file of a job's state, but for the parameters after epochs.
struct StateFile {
    /// Counts a job's checkpoints.
    let sequence: UInt64
    /// The state; its `epochParameters` are not in the file.
    var state: JobState

    func bytes(job: TrainingJob, identity: CheckpointIdentity) -> [UInt8] {
        let label = CheckpointLabel(kind: .state, identity: identity, job: job)
        var notes =
            label.notes + [
                .init("sequence", "\(sequence)"), .init("step", "\(state.step)"), .init("epochs", "\(state.epochs.count)"),
                .init("loss_of_epoch", bits(state.lossOfEpoch)), .init("correct_in_epoch", "\(state.correctInEpoch)"),
                .init("beta1_power", bits(state.optimizer.beta1Power)), .init("beta2_power", bits(state.optimizer.beta2Power)),
                .init("generator_position", "\(state.generator.position)"), .init("passes", "\(state.passes.count)"),
            ]
        var tensors =
            tensors("model.", state.parameters, of: job.model) + tensors("adam.m.", state.optimizer.firstMoment, of: job.model)
            + tensors("adam.v.", state.optimizer.secondMoment, of: job.model)
        tensors += [
            .init(name: "generator", shape: [MersenneTwister.wordCount], elements: .uint32(state.generator.words)),
            .init(name: "steps.loss", shape: [state.stepLosses.count], elements: state.stepLosses),
            .init(name: "steps.link", shape: [state.chain.count, StepChain.linkSize], elements: .uint8(state.chain.links)),
            .init(name: "steps.origin", shape: [state.chain.origin.count], elements: .uint8(state.chain.origin)),
            .init(
                name: "epochs", shape: [state.epochs.count, 4],
                elements: .float64(
                    state.epochs.flatMap { [$0.trainLoss, $0.trainAccuracy, $0.validationLoss, $0.validationAccuracy] })),
        ]
        for (index, pass) in state.passes.enumerated() {
            let prefix = "passes.\(index)."
            notes.append(.init(prefix + "epoch", "\(pass.epoch(of: job))"))
            if case .validation(_, let loss, let accuracy) = pass.purpose {
                notes += [
                    .init(prefix + "kind", "validation"), .init(prefix + "train_loss", bits(loss)),
                    .init(prefix + "train_accuracy", bits(accuracy)),
                ]
            } else {
                notes.append(.init(prefix + "kind", "test"))
            }
            tensors += passTensors(pass, prefix, of: job)
        }
        return CheckpointFile.bytes(tensors: tensors, notes: notes)
    }

    private func passTensors(_ pass: JobState.Pass, _ prefix: String, of job: TrainingJob) -> [Safetensors.Tensor] {
        let images = pass.images(of: job).count
        var predictions: [UInt32] = []
        for batch in pass.batches {
            let size = min(job.evaluationBatchSize, images - predictions.count)
            predictions += batch?.predictions ?? Array(repeating: 0, count: size)
        }
        let count = pass.batches.count
        return [
            .init(name: prefix + "done", shape: [count], elements: .uint8(pass.batches.map { $0 == nil ? 0 : 1 })),
            .init(name: prefix + "loss_sums", shape: [count], elements: .float64(pass.batches.map { $0?.lossSum ?? 0 })),
            .init(name: prefix + "predictions", shape: [predictions.count], elements: .uint32(predictions)),
        ]
    }

    init(sequence: UInt64, state: JobState) {
        self.sequence = sequence
        self.state = state
    }

    init(parsing bytes: [UInt8], job: TrainingJob, identity: CheckpointIdentity) throws(CheckpointError) {
        let file = try CheckpointReader(bytes)
        try CheckpointLabel(kind: .state, identity: identity, job: job).check(file)
        let step: Int = try file.number("step")
        guard
            let generator = MersenneTwister(
                words: try file.words("generator", shape: [MersenneTwister.wordCount]), position: try file.number("generator_position"))
        else { throw CheckpointError("Its note 'generator_position' is no position of the generator.") }
        let epochCount: Int = try file.number("epochs")
        let figures = try file.doubles("epochs", shape: [epochCount, 4])
        var passes: [JobState.Pass] = []
        let passCount: Int = try file.number("passes")
        while passes.count < passCount { passes.append(try Self.pass(file, "passes.\(passes.count).", of: job)) }
        sequence = try file.number("sequence")
        guard sequence < .max else { throw CheckpointError("Its note 'sequence' is no number that is possible.") }
        state = JobState(
            step: step, parameters: try file.parameters("model.", of: job.model),
            optimizer: Adam.State(
                stepCount: step, firstMoment: try file.parameters("adam.m.", of: job.model),
                secondMoment: try file.parameters("adam.v.", of: job.model), beta1Power: try file.double("beta1_power"),
                beta2Power: try file.double("beta2_power")),
            generator: generator, lossOfEpoch: try file.double("loss_of_epoch"), correctInEpoch: try file.number("correct_in_epoch"),
            stepLosses: try file.floats("steps.loss", shape: [step]),
            chain: StepChain(
                origin: try file.bytes("steps.origin", shape: [StepChain.linkSize]),
                links: try file.bytes("steps.link", shape: [step, StepChain.linkSize])),
            epochs: (0..<epochCount).map { index in
                EpochRecord(
                    epoch: index + 1, trainLoss: figures[index * 4], trainAccuracy: figures[index * 4 + 1],
                    validationLoss: figures[index * 4 + 2], validationAccuracy: figures[index * 4 + 3])
            }, passes: passes, epochParameters: [])
    }

    private static func pass(_ file: CheckpointReader, _ prefix: String, of job: TrainingJob) throws(CheckpointError) -> JobState.Pass {
        let purpose: EvaluationPurpose
        switch try file.text(prefix + "kind") {
        case "validation":
            purpose = .validation(
                epoch: try file.number(prefix + "epoch"), trainLoss: try file.double(prefix + "train_loss"),
                trainAccuracy: try file.double(prefix + "train_accuracy"))
        case "test": purpose = .test
        default: throw CheckpointError("Its note '\(prefix)kind' names no kind of pass.")
        }
        let images = JobState.Pass(purpose: purpose, batches: []).images(of: job).count
        let starts = Array(stride(from: 0, to: images, by: job.evaluationBatchSize))
        let done = try file.bytes(prefix + "done", shape: [starts.count])
        let sums = try file.doubles(prefix + "loss_sums", shape: [starts.count])
        let predictions = try file.words(prefix + "predictions", shape: [images])
        return JobState.Pass(
            purpose: purpose,
            batches: starts.indices.map { index in
                guard done[index] == 1 else { return nil }
                let start = starts[index]
                return EvaluationResult(
                    lossSum: sums[index], predictions: Array(predictions[start..<min(start + job.evaluationBatchSize, images)]))
            })
    }

    /// The epochs whose parameters the state needs, ascending.
    func neededEpochs(of job: TrainingJob) -> [Int] {
        Set(state.passes.map { $0.epoch(of: job) } + [state.bestEpoch].compactMap { $0 }).sorted()
    }
}
