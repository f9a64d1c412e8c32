import Logging
import Processes
import Synchronization

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// Starts the study's own workers, and starts them again when they die. Safe to use from any thread.
final class WorkerSupervisor: Sendable {
    private let children: Children
    private let program: String
    private let logger: Logger
    private let kills = OutOfMemoryKills()
    private let state = Mutex(State())

    private struct State {
        var slots: [Slot] = []
        var isStopping = false
        /// Kills for want of memory that are known of.
        var killCount: Int?
    }

    /// The place of one worker, whatever process fills it.
    private struct Slot {
        let arguments: [String]
        var policy = RestartPolicy()
        var stage: Stage

        enum Stage {
            case running(Int32, since: SuspendingClock.Instant)
            case waiting
            case givenUp
        }
    }

    init(children: Children, program: String, logger: Logger) {
        self.children = children
        self.program = program
        self.logger = logger
        state.withLock { $0.killCount = kills.count }
    }

    /// Starts a worker with these arguments, and from now on keeps one alive.
    ///
    /// - Throws: ``ProcessError`` when it cannot be started.
    func start(_ arguments: [String]) throws {
        try state.withLock { state in
            let process = try children.start(program, arguments)
            state.slots.append(Slot(arguments: arguments, stage: .running(process, since: .now)))
        }
    }

    /// Starts none from now on.
    func stop() { state.withLock { $0.isStopping = true } }

    /// Takes note of the children that have ended, and sees to it that others take their places.
    ///
    /// - Parameters:
    ///   - report: Called with each process that has ended, and how, as the end of a sentence about it.
    ///   - giveUp: Called when none of the workers runs and none will, with the reason in a sentence.
    func takeEnded(report: (_ process: Int32, _ cause: String) -> Void, giveUp: (_ reason: String) -> Void) {
        for (process, status) in children.takeEnded() {
            let cause = status.description(memoryRanOut: hasMemoryRunOut())
            report(process, cause)
            let isLast = replace(process, status, cause: cause)
            if isLast { giveUp("All worker processes have ended; the last one \(cause).") }
        }
    }

    /// Whether the kernel has killed somebody for want of memory since this was last asked; nil where that cannot be known.
    private func hasMemoryRunOut() -> Bool? {
        guard let count = kills.count else { return nil }
        return state.withLock { state in
            defer { state.killCount = count }
            return state.killCount.map { count > $0 }
        }
    }

    /// Decides what comes after a worker's end.
    ///
    /// - Returns: Whether all workers' places are empty now and stay so.
    private func replace(_ process: Int32, _ status: ExitStatus, cause: String) -> Bool {
        let (slot, verdict, isLast): (Int, RestartPolicy.Verdict?, Bool) = state.withLock { state in
            let slot = state.slots.firstIndex { if case .running(process, _) = $0.stage { true } else { false } }
            guard let slot, !state.isStopping, case .running(_, let start) = state.slots[slot].stage else { return (0, nil, false) }
            // A worker that ends well was told to: by the coordinator, or by somebody who does not want it.
            let verdict = status == .exited(0) ? nil : state.slots[slot].policy.died(after: .now - start)
            if case .restart? = verdict { state.slots[slot].stage = .waiting } else { state.slots[slot].stage = .givenUp }
            let isLast = state.slots.allSatisfy { if case .givenUp = $0.stage { true } else { false } }
            return (slot, verdict, isLast)
        }
        switch verdict {
        case .restart(let wait):
            logger.warning("Worker process \(process) \(cause); starting another in \(wait).")
            restart(slot: slot, inPlaceOf: process, after: wait)
        case .giveUp:
            logger.error(
                "Worker process \(process) \(cause). That was the \(RestartPolicy.quickDeathLimit)th in its place to end at once: no other is started."
            )
        case nil: break
        }
        return isLast
    }

    /// Fills a slot on a thread of its own, which waits first.
    private func restart(slot: Int, inPlaceOf former: Int32, after wait: Duration) {
        do {
            try startThread { [self] in
                usleep(UInt32(wait / .microseconds(1)))
                do {
                    try state.withLock { state in
                        guard !state.isStopping else { return }
                        let process = try children.start(program, state.slots[slot].arguments)
                        state.slots[slot].stage = .running(process, since: .now)
                        logger.info("Started worker process \(process) in place of \(former).")
                    }
                } catch {
                    logger.warning("A worker could not be started: \(error) Trying again in \(RestartPolicy.longestWait).")
                    restart(slot: slot, inPlaceOf: former, after: RestartPolicy.longestWait)
                }
            }
        } catch {
            logger.error("A worker could not be started again: \(error)")
        }
    }
}
