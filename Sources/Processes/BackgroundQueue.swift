/// Does work in order on a thread of its own, so that whoever has it done need not wait for a disk.
package final class BackgroundQueue: Sendable {
    private struct State {
        var waiting: [@Sendable () throws -> Void] = []
        var isWorking = false
        var isEnding = false
        var firstError: (any Error)?
    }

    private let state = Monitor(State())

    /// Starts the thread.
    ///
    /// - Throws: ``ProcessError`` when none can be started.
    package init() throws(ProcessError) {
        let state = state
        try startThread {
            while let work = Self.next(state) {
                var failure: (any Error)?
                do { try work() } catch { failure = error }
                state.withLock {
                    $0.firstError = $0.firstError ?? failure
                    $0.isWorking = false
                }
            }
        }
    }

    private static func next(_ state: Monitor<State>) -> (@Sendable () throws -> Void)? {
        state.wait { state in
            if state.waiting.isEmpty { return state.isEnding ? .some(nil) : nil }
            state.isWorking = true
            return .some(state.waiting.removeFirst())
        }
    }

    /// Has work done after all that was added before; what it throws, ``finish()`` throws.
    package func add(_ work: @escaping @Sendable () throws -> Void) {
        state.withLock { $0.waiting.append(work) }
    }

    /// Waits until all is done, and ends the thread.
    ///
    /// - Throws: the first error that any of the work threw; the rest was done all the same.
    package func finish() throws {
        state.withLock { $0.isEnding = true }
        let error: (any Error)? = state.wait { $0.isWorking || !$0.waiting.isEmpty ? nil : .some($0.firstError) }
        if let error { throw error }
    }
}
