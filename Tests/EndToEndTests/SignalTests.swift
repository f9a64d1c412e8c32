import Processes
import TestSupport
import Testing

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

extension EndToEnd {
    /// Interrupted programs end with everything they started, and leave nothing half-written.
    @Suite struct SignalTests {
        /// Far longer than any of these tests.
        private static let endlessStudy = ["--data", "synthetic", "--only", "less-data,baseline", "--epochs", "100000"]

        @Test(arguments: [SIGINT, SIGTERM, SIGHUP])
        func studyIsInterrupted(_ signal: Int32) async throws {
            let study = try minishard(["study"] + Self.endlessStudy + ["--workers", "3", "--out", "out"])
            _ = try await study.line(containing: "| Epoch 01 |", on: .output)
            let workers = study.children
            #expect(workers.count == 3)
            study.send(signal)
            let finished = try await study.finish()
            #expect(finished.status == .exited(75))
            #expect(finished.errors.contains("Interrupted by signal \(signal). To continue: minishard resume out"))
            #expect(workers.allSatisfy { !isRunning($0) })
            let files = try study.directory.files().filter { !$0.hasPrefix("out/checkpoints/") }
            #expect(files == ["out/run.json", "out/samples.svg"])
        }

        /// The first signal waits for the workers to say goodbye; the second one waits for nobody.
        @Test(arguments: [(SIGINT, SIGTERM), (SIGTERM, SIGHUP), (SIGHUP, SIGINT)])
        func secondSignalEndsTheStudyAtOnce(_ first: Int32, _ second: Int32) async throws {
            let study = try minishard(["study"] + Self.endlessStudy + ["--workers", "2", "--out", "out"])
            _ = try await study.line(containing: "| Epoch 01 |", on: .output)
            let workers = study.children
            #expect(workers.count == 2)
            // Workers that are stopped say nothing.
            for worker in workers { kill(worker, SIGSTOP) }
            study.send(first)
            study.send(second)
            let finished = try await study.finish()
            // Of two that wait the system may deliver either first.
            #expect([first, second].contains { finished.status == .exited(128 + $0) }, "\(finished.status)")
            #expect(workers.allSatisfy { !isRunning($0) })
            // Neither sockets nor their directory, which is made here.
            #expect(try study.directory.entries().filter { $0 != "out" } == [])
        }

        @Test func studyThatIsKilledTakesItsWorkersAlong() async throws {
            let study = try minishard(["study"] + Self.endlessStudy + ["--workers", "3", "--out", "out"])
            _ = try await study.line(containing: "| Epoch 01 |", on: .output)
            let workers = study.children
            #expect(workers.count == 3)
            study.send(SIGKILL)
            // The workers hold the study's streams, so this waits for them, too.
            #expect(try await study.finish().status == .killed(signal: SIGKILL))
            #expect(workers.allSatisfy { !isRunning($0) })
            let files = try study.directory.files(in: "out").filter { !$0.hasPrefix("checkpoints/") }
            #expect(files == ["run.json", "samples.svg"])
        }

        @Test func studyWhoseWorkersAreSentAwayEnds() async throws {
            let study = try minishard(["study"] + Self.endlessStudy + ["--workers", "2", "--out", "out"])
            _ = try await study.line(containing: "| Epoch 01 |", on: .output)
            for worker in study.children { kill(worker, SIGTERM) }
            let finished = try await study.finish()
            #expect(finished.status == .exited(69))
            #expect(finished.errors.contains("All worker processes have ended"))
        }

        @Test(arguments: [SIGINT, SIGTERM])
        func workersAreInterrupted(_ signal: Int32) async throws {
            let coordinator = try minishard(["coordinator", "--listen", "ipc://socket"] + Self.endlessStudy)
            let workers = try minishard(["worker", "--connect", "ipc://socket", "--workers", "3"], in: coordinator.directory)
            _ = try await coordinator.line(containing: "| Epoch 01 |", on: .output)
            let processes = workers.children
            #expect(processes.count == 3)
            workers.send(signal)
            #expect(try await workers.finish().status == .exited(0))
            #expect(processes.allSatisfy { !isRunning($0) })
            coordinator.send(SIGTERM)
            #expect(try await coordinator.finish().status == .exited(75))
        }

        @Test func workersThatAreKilledTakeTheirChildrenAlong() async throws {
            let workers = try minishard(["worker", "--connect", "ipc://socket", "--workers", "2"])
            let coordinator = try minishard(["coordinator", "--listen", "ipc://socket"] + Self.endlessStudy, in: workers.directory)
            _ = try await coordinator.line(containing: "| Epoch 01 |", on: .output)
            let processes = workers.children
            #expect(processes.count == 2)
            workers.send(SIGKILL)
            #expect(try await workers.finish().status == .killed(signal: SIGKILL))
            #expect(processes.allSatisfy { !isRunning($0) })
            coordinator.send(SIGINT)
            #expect(try await coordinator.finish().status == .exited(75))
        }

        /// Workers outlive a coordinator, and serve the next one at the same place.
        @Test func coordinatorThatIsKilledIsReplaced() async throws {
            let first = try minishard(["coordinator", "--listen", "ipc://socket", "--out", "first"] + Self.endlessStudy)
            let worker = try minishard(["worker", "--connect", "ipc://socket"], in: first.directory)
            _ = try await first.line(containing: "| Epoch 01 |", on: .output)
            first.send(SIGKILL)
            #expect(try await first.finish().status == .killed(signal: SIGKILL))
            let second = try minishard(["coordinator", "--listen", "ipc://socket", "--json"] + longStudy, in: first.directory)
            #expect(try await results(of: second).weights == Reference.long.weights)
            #expect(try await worker.finish().status == .exited(0))
        }
    }
}
