/// How long a run waits without workers, and what it says about that.
struct Patience {
    /// The longest time without workers; nil for no limit.
    let limit: Duration?
    /// Since when there has been no worker.
    private var aloneSince: Duration?
    /// When the log last said that there are no workers.
    private var lastLine: Duration?
    /// Whether the log's last word was that there are no workers.
    private var hasComplained = false
    private var hadWorkers = false

    /// Least time between two complaints, whatever the workers do.
    private static let quietTime = Duration.seconds(10)

    init(limit: Duration?) { self.limit = limit }

    /// Whether the run has been without workers for too long.
    func isOver(now: Duration) -> Bool {
        guard let limit, let aloneSince else { return false }
        return now - aloneSince >= limit
    }

    /// Does not count a time in which the coordinator itself stood still.
    mutating func forgive(_ time: Duration) { aloneSince = aloneSince.map { $0 + time } }

    /// Takes note of the number of workers.
    ///
    /// - Returns: A line for the log, if there is something to say.
    mutating func note(workers: Int, now: Duration) -> String? {
        guard workers == 0 else {
            hadWorkers = true
            aloneSince = nil
            guard hasComplained else { return nil }
            hasComplained = false
            return "A worker is there again; the run goes on."
        }
        if aloneSince == nil { aloneSince = now }
        guard hadWorkers, !hasComplained, lastLine.map({ now - $0 >= Self.quietTime }) ?? true else { return nil }
        lastLine = now
        hasComplained = true
        return "No worker is left; waiting \(limit.map { "\($0)" } ?? "without limit") for one to come."
    }
}
