import ForeignText

/// The numbers that both sides of the protocol agree on.
package enum TrainingProtocol {
    /// Version of the protocol that this program speaks; the first field of every header.
    package static let version: UInt32 = 3
    /// Name of the arithmetic that this program follows. Workers with another arithmetic would break the promise of equal bits, so the coordinator refuses them.
    package static let profile = "minishard-f32-4"
    /// Frames of parameters which a worker keeps, the ones it received last.
    package static let keptParameters = 8
    /// Longest header frame in bytes; a longer one is not ours.
    package static let longestHeader = 4096
    /// Most samples in a mini-batch or a batch of evaluation.
    package static let largestBatch = 65_536
    /// Most training steps of a job.
    package static let mostSteps = Int(UInt32.max)
}

/// A message that the receiver does not accept.
package enum ProtocolViolation: Error, Hashable, CustomStringConvertible {
    /// The frames are no message of this protocol at all.
    case foreign(String)
    /// A message of another version of the protocol.
    case version(UInt32)
    /// A message of this protocol that breaks its rules.
    case malformed(String)
    /// A message that was changed on its way.
    case damaged

    package var description: String {
        switch self {
        case .foreign(let what): "This is no message of Minishard's protocol: \(what)."
        case .version(let version):
            "The peer speaks version \(version) of Minishard's protocol and this program version \(TrainingProtocol.version): "
                + "run the same release of minishard on both sides."
        case .malformed(let what): "The message breaks Minishard's protocol: \(what)."
        case .damaged: "The message was damaged on its way: its check is missing or does not match."
        }
    }
}

extension String {
    /// A peer's reason for what it does, fit for a log; something in its place where the peer gave none.
    var reason: String { isEmpty ? "It gave no reason." : fitForLog }
}
