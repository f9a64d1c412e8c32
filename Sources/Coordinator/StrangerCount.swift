import TrainingProtocol

/// Counts peers that send what is no message of ours, and keeps the log readable however many there are.
struct StrangerCount {
    /// Peers that get a log line of their own; the others are summed up.
    private static let linesPerSummary = 8
    private var lines = 0
    private var unmentioned = 0
    private var ticks = 0
    /// Ticks between two summaries: about half a minute.
    private static let ticksPerSummary = 600

    /// Counts a peer.
    ///
    /// - Returns: A line for the log, if it deserves one.
    mutating func note(_ violation: ProtocolViolation) -> String? {
        guard lines < Self.linesPerSummary else {
            unmentioned += 1
            return nil
        }
        lines += 1
        return "Ignoring a peer that is no worker. \(violation)"
    }

    /// Notes that time has passed.
    ///
    /// - Returns: A line for the log on peers that had none of their own, if it is time for one.
    mutating func summary() -> String? {
        ticks += 1
        guard ticks >= Self.ticksPerSummary else { return nil }
        defer { self = StrangerCount() }
        return unmentioned == 0 ? nil : "Ignoring \(unmentioned) more peers that are no workers."
    }
}
