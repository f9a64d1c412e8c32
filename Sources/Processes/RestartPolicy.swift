/// Decides whether and when a process that has died is started again.
///
/// The waits double from one death to the next, up to a limit, and begin anew once a process has lived long. Processes that die at once again and again are given up.
package struct RestartPolicy: Sendable {
    package enum Verdict: Sendable, Hashable {
        case restart(after: Duration)
        case giveUp
    }

    /// The wait after the first death.
    package static let firstWait = Duration.milliseconds(100)
    /// The longest wait.
    package static let longestWait = Duration.seconds(5)
    /// A process that has lived for so long was well: what comes then is a first death.
    package static let longLife = Duration.seconds(10)
    /// A process that has lived for less has died at once.
    package static let quickDeath = Duration.seconds(1)
    /// So many quick deaths in a row are the end.
    package static let quickDeathLimit = 5

    private var wait = Self.firstWait
    private var quickDeaths = 0

    package init() {}

    /// Takes note of a death.
    ///
    /// - Parameter lifetime: How long the process had lived.
    package mutating func died(after lifetime: Duration) -> Verdict {
        if lifetime >= Self.longLife { wait = Self.firstWait }
        quickDeaths = lifetime < Self.quickDeath ? quickDeaths + 1 : 0
        guard quickDeaths < Self.quickDeathLimit else { return .giveUp }
        defer { wait = min(wait * 2, Self.longestWait) }
        return .restart(after: wait)
    }
}
