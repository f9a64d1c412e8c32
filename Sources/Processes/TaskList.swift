import Synchronization

/// A number of tasks that several threads work through, each taking the next one that nobody has.
package final class TaskList: Sendable {
    private let count: Int
    private let next = Mutex(0)
    private let task: @Sendable (Int) -> Void

    /// - Parameter task: Does the task of an index below `count`.
    package init(count: Int, task: @escaping @Sendable (Int) -> Void) {
        self.count = count
        self.task = task
    }

    /// Does all tasks on up to `threads` threads, of which this is one; returns when all are done.
    package func run(threads: Int) {
        guard threads > 1 else { return work() }
        _ = concurrently({ work() }, { self.run(threads: threads - 1) })
    }

    private func work() {
        while let index = take() { task(index) }
    }

    private func take() -> Int? {
        next.withLock { next in
            guard next < count else { return nil }
            defer { next += 1 }
            return next
        }
    }
}
