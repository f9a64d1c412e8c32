import Coordinator
import Synchronization
import TestSupport
import Testing

@testable import Checkpoints

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// The thread that writes.
struct WriterTests {
    private final class Reports: Sendable {
        let sentences = Mutex<[String]>([])
        var all: [String] { sentences.withLock { $0 } }
    }

    @Test func everyJobsLastStateIsWritten() async throws {
        let jobs = try Training.jobs()
        let course = try Training.train(jobs)
        let directory = try TemporaryDirectory()
        let files = try DirectoryFiles(directory("checkpoints"))
        let writer = try CheckpointWriter(CheckpointStore(files: files, identity: Training.identity, jobs: jobs)) { Issue.record("\($0)") }
        for (job, state, _) in course.states { writer.write(state, job: job) }
        try await onThread { try writer.finish() }
        let store = CheckpointStore(files: try DirectoryFiles(directory("checkpoints")), identity: Training.identity, jobs: jobs)
        for job in jobs.indices {
            #expect(try store.load(job: job)?.state == course.states.last { $0.job == job }?.state)
        }
        #expect(!(try files.list()).contains { $0.hasSuffix(".part") })
    }

    @Test func failuresAreReportedOnceAndTrainingGoesOn() async throws {
        let jobs = try Training.jobs()
        let states = try Training.train(jobs).states.filter { $0.job == 0 }.map(\.state)
        let directory = try TemporaryDirectory()
        let files = try DirectoryFiles(directory("checkpoints"))
        let reports = Reports()
        let writer = try CheckpointWriter(CheckpointStore(files: files, identity: Training.identity, jobs: jobs)) { sentence in
            reports.sentences.withLock { $0.append(sentence) }
        }
        // A folder that is gone takes no files; nobody's rights matter to that.
        try await onThread {
            writer.write(states[0], job: 0)
            try writer.waitUntilIdle()
        }
        for name in try files.list() { try files.remove(name) }
        #expect(rmdir(directory("checkpoints")) == 0)
        try await onThread {
            for state in states[1...3] {
                writer.write(state, job: 0)
                #expect(throws: CheckpointError.self) { try writer.waitUntilIdle() }
            }
        }
        #expect(reports.all.count == 1)
        #expect(
            reports.all.first?.hasPrefix(
                "No checkpoint of test, seed 0, could be written. Cannot create \(directory("checkpoints"))/job-0.b") == true)
        #expect(reports.all.first?.hasSuffix("Training goes on without it.") == true)
        _ = try DirectoryFiles(directory("checkpoints"))
        try await onThread {
            writer.write(states[4], job: 0)
            try writer.finish()
        }
        #expect(reports.all.count == 2 && reports.all.last == "Checkpoints are being written again.")
    }
}
