/// Whether a process that waits looks for what it waits for instead of going to sleep: it takes longer to wake than a step has to spare.
struct Alertness {
    /// How long one look follows the other.
    private static let duration = Duration.milliseconds(1)

    private var until = Duration.zero

    /// Whether to look rather than to sleep.
    var isAlert: Bool { MonotonicClock.now < until }

    /// Begins, or begins anew, because what is waited for may come soon.
    mutating func begin() { until = MonotonicClock.now + Self.duration }

    /// Ends it, because what is waited for may take its time.
    mutating func end() { until = .zero }
}
