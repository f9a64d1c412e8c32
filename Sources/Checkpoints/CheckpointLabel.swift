import Coordinator
import FileFormats
import ForeignText

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
