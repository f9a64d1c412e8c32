import TrainingProtocol

/// What a connection has to say when it is asked.
enum Arrival {
    case nothing
    case message([Frame])
    case unreadable(ProtocolViolation)
    /// The other end has closed.
    case end
}
