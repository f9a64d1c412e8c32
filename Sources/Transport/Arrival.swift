import TrainingProtocol

/// What a connection has to say when it is asked.
enum Arrival {
    case nothing
    case message([Frame])
    /// A message ahead of its time: some of its frames may not be written yet. It counts when it is released, if that ever happens; only the last one can be.
    case ahead([Frame])
    /// The message that came ahead arrives now.
    case released
    case unreadable(ProtocolViolation)
    /// The other end has closed.
    case end
}
