import CNNCore
import Coordinator
import FileFormats
import RandomStreams

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
            parameterTensors("model.", state.parameters, of: job.model)
            + parameterTensors("adam.m.", state.optimizer.firstMoment, of: job.model)
            + parameterTensors("adam.v.", state.optimizer.secondMoment, of: job.model)
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

private func bits(_ value: Double) -> String { "0x" + String(value.bitPattern, radix: 16) }
