import Synchronization

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// Programs that this process has started and that shall not outlive it. Safe to use from any thread.
package final class Children: Sendable {
    private let lifeline: Lifeline
    private let running = Mutex<[Int32]>([])

    /// - Throws: ``ProcessError`` when there are no file descriptors left.
    package init() throws(ProcessError) { lifeline = try Lifeline() }

    /// Starts a program with the lifeline, in a process group of its own. Its standard output is this process's standard error: workers only log.
    ///
    /// - Returns: its process id.
    /// - Throws: ``ProcessError`` when it cannot be started.
    @discardableResult
    package func start(_ program: String, _ arguments: [String]) throws(ProcessError) -> Int32 {
        var options = SpawnOptions()
        options.ownGroup = true
        options.inherited = (lifeline.readEnd, as: Lifeline.childDescriptor)
        let process = try spawn(program, arguments, options: options)
        running.withLock { $0.append(process) }
        return process
    }

    /// Number of children that have not been seen to end.
    package var count: Int { running.withLock { $0.count } }

    /// The children that have ended since the last call, in the order in which they were started.
    package func takeEnded() -> [(process: Int32, status: ExitStatus)] {
        running.withLock { running in
            let ended = running.compactMap { process in statusIfEnded(process).map { (process, $0) } }
            running.removeAll { process in ended.contains { $0.0 == process } }
            return ended
        }
    }

    /// Sends a signal to the children that have not been seen to end.
    package func signalAll(_ signal: Int32) {
        running.withLock { running in for process in running { kill(process, signal) } }
    }

    /// Waits for all children to end, for as long as it takes.
    ///
    /// - Returns: How they ended, in the order in which they were started.
    /// - Throws: ``ProcessError`` when somebody else has waited for one.
    package func waitForAll() throws(ProcessError) -> [ExitStatus] {
        var statuses: [ExitStatus] = []
        for process in running.withLock({ $0 }) {
            // It keeps its number until the lock is held, under which nobody sends it a signal.
            try waitUntilEnded(process)
            let status = running.withLock { running in
                running.removeAll { $0 == process }
                return statusIfEnded(process)
            }
            if let status { statuses.append(status) }
        }
        return statuses
    }

    /// Waits for all children to end; kills those that have not when `limit` is over.
    package func waitForAll(limit: Duration) {
        let deadline = ContinuousClock.now + limit
        while count > 0, ContinuousClock.now < deadline {
            _ = takeEnded()
            if count > 0 { usleep(1000) }
        }
        killAll()
    }

    /// Kills the children that still run, and waits for them.
    package func killAll() {
        running.withLock { running in
            for process in running { kill(process, SIGKILL) }
            for process in running { _ = try? wait(for: process) }
            running = []
        }
    }
}
