import Coordinator
import FileFormats

/// The file of the parameters after an epoch.
struct EpochFile {
    static func bytes(_ entry: JobState.EpochParameters, job: TrainingJob, identity: CheckpointIdentity) -> [UInt8] {
        let label = CheckpointLabel(kind: .epoch, identity: identity, job: job)
        return CheckpointFile.bytes(
            tensors: parameterTensors("model.", entry.parameters, of: job.model), notes: label.notes + [.init("epoch", "\(entry.epoch)")])
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
