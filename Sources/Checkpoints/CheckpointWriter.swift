package import Coordinator
import Processes

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// Writes checkpoints on a thread of its own, so that training need not wait for the disk. Of a job's states only the newest is written when the disk is slow.
///
/// Its memory is shared under a lock, hence `@unchecked`.
package final class CheckpointWriter: @unchecked Sendable {
    private let store: CheckpointStore
    private let report: @Sendable (String) -> Void
    private let lock = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
    /// Signalled at every change of what is below.
    private let change = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)

    // Under the lock.
    /// States to be written, one a job at most, the longest waiting first.
    private var waiting: [(job: Int, state: JobState)] = []
    private var isWriting = false
    private var isEnding = false
    private var failures: [Int: CheckpointError] = [:]

    /// Starts the thread.
    ///
    /// - Parameter store: Nobody else may use it from now on.
    /// - Parameter report: Told when a checkpoint cannot be written, once until one can again; a sentence. Called on the writer's thread.
    /// - Throws: `ProcessError` when no thread can be started.
    package init(_ store: CheckpointStore, report: @escaping @Sendable (String) -> Void) throws {
        self.store = store
        self.report = report
        pthread_mutex_init(lock, nil)
        pthread_cond_init(change, nil)
        try startThread { [self] in work() }
    }

    deinit {
        pthread_cond_destroy(change)
        pthread_mutex_destroy(lock)
        change.deallocate()
        lock.deallocate()
    }

    /// Has a job's state written soon, unless a newer one comes before.
    package func write(_ state: JobState, job: Int) {
        locked {
            if let index = waiting.firstIndex(where: { $0.job == job }) {
                waiting[index].state = state
            } else {
                waiting.append((job, state))
            }
        }
    }

    /// Waits until everything is written, and ends the thread.
    ///
    /// - Throws: ``CheckpointError`` if the last state of a job could not be written.
    package func finish() throws(CheckpointError) {
        locked { isEnding = true }
        try waitUntilIdle()
    }

    /// Waits until everything is written.
    ///
    /// - Throws: ``CheckpointError`` if the last state of a job could not be written.
    func waitUntilIdle() throws(CheckpointError) {
        pthread_mutex_lock(lock)
        while isWriting || !waiting.isEmpty { pthread_cond_wait(change, lock) }
        let failure = failures.keys.min().flatMap { failures[$0] }
        pthread_mutex_unlock(lock)
        if let failure { throw failure }
    }

    private func locked(_ body: () -> Void) {
        pthread_mutex_lock(lock)
        body()
        pthread_cond_broadcast(change)
        pthread_mutex_unlock(lock)
    }

    /// The thread.
    private func work() {
        var hasReported = false
        while let (job, state) = next() {
            var failure: CheckpointError?
            do throws(CheckpointError) { try store.write(state, job: job) } catch { failure = error }
            let isFailing = failure != nil || hasOtherFailures(than: job)
            if let failure, !hasReported { report("\(failure) Training goes on without it.") }
            if !isFailing, hasReported { report("Checkpoints are being written again.") }
            hasReported = isFailing
            note(job, failure)
        }
    }

    /// Takes the next state to be written, once there is one; nil at the end.
    private func next() -> (job: Int, state: JobState)? {
        pthread_mutex_lock(lock)
        defer { pthread_mutex_unlock(lock) }
        while waiting.isEmpty {
            if isEnding { return nil }
            pthread_cond_wait(change, lock)
        }
        isWriting = true
        return waiting.removeFirst()
    }

    /// Notes what became of a job's state.
    private func note(_ job: Int, _ failure: CheckpointError?) {
        locked {
            failures[job] = failure
            isWriting = false
        }
    }

    /// Whether there is another job whose last state could not be written.
    private func hasOtherFailures(than job: Int) -> Bool {
        pthread_mutex_lock(lock)
        defer { pthread_mutex_unlock(lock) }
        return failures.keys.contains { $0 != job }
    }
}
