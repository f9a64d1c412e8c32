package import Coordinator
import Processes

/// Writes checkpoints on a thread of its own, so that training need not wait for the disk. Of a job's states only the newest is written when the disk is slow.
package final class CheckpointWriter: Sendable {
    private struct Queue {
        /// States to be written, one a job at most, the longest waiting first.
        var waiting: [(job: Int, state: JobState)] = []
        var isWriting = false
        var isEnding = false
        var failures: [Int: CheckpointError] = [:]
    }

    private let queue = Monitor(Queue())

    /// Starts the thread.
    ///
    /// - Parameter store: Nobody else may use it from now on.
    /// - Parameter report: Told when a checkpoint cannot be written, once until one can again; a sentence. Called on the writer's thread.
    /// - Throws: `ProcessError` when no thread can be started.
    package init(_ store: CheckpointStore, report: @escaping @Sendable (String) -> Void) throws {
        nonisolated(unsafe) let store = store
        let queue = queue
        try startThread { Self.work(queue, store, report) }
    }

    /// Has a job's state written soon, unless a newer one comes before.
    package func write(_ state: JobState, job: Int) {
        queue.withLock { queue in
            if let index = queue.waiting.firstIndex(where: { $0.job == job }) {
                queue.waiting[index].state = state
            } else {
                queue.waiting.append((job, state))
            }
        }
    }

    /// Waits until everything is written, and ends the thread.
    ///
    /// - Throws: ``CheckpointError`` if the last state of a job could not be written.
    package func finish() throws(CheckpointError) {
        queue.withLock { $0.isEnding = true }
        try waitUntilIdle()
    }

    /// Waits until everything is written.
    ///
    /// - Throws: ``CheckpointError`` if the last state of a job could not be written.
    func waitUntilIdle() throws(CheckpointError) {
        let failure: CheckpointError? = queue.wait { queue in
            queue.isWriting || !queue.waiting.isEmpty ? nil : .some(queue.failures.keys.min().flatMap { queue.failures[$0] })
        }
        if let failure { throw failure }
    }

    /// The thread.
    private static func work(_ queue: Monitor<Queue>, _ store: CheckpointStore, _ report: (String) -> Void) {
        var hasReported = false
        while let (job, state) = next(queue) {
            var failure: CheckpointError?
            do throws(CheckpointError) { try store.write(state, job: job) } catch { failure = error }
            let isFailing = failure != nil || queue.withLock { $0.failures.keys.contains { $0 != job } }
            if let failure, !hasReported { report("\(failure) Training goes on without it.") }
            if !isFailing, hasReported { report("Checkpoints are being written again.") }
            hasReported = isFailing
            queue.withLock {
                $0.failures[job] = failure
                $0.isWriting = false
            }
        }
    }

    /// Takes the next state to be written, once there is one; nil at the end.
    private static func next(_ queue: Monitor<Queue>) -> (job: Int, state: JobState)? {
        queue.wait { queue in
            if queue.waiting.isEmpty { return queue.isEnding ? .some(nil) : nil }
            queue.isWriting = true
            return .some(queue.waiting.removeFirst())
        }
    }
}
