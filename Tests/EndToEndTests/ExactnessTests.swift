import CPUFeatures
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
    /// The same seed gives the same weights, however the work is spread.
    @Suite struct ExactnessTests {
        @Test(arguments: [2, 3, 5, 8])
        func anyNumberOfWorkers(_ workers: Int) async throws {
            let results = try await results(of: shortStudy + ["--workers", "\(workers)"])
            #expect(try await results.weights == Reference.short.weights)
            #expect(results.workers == workers)
        }

        @Test func allExperimentsOrOne() async throws {
            let all = try await Reference.all.weights
            #expect(all.count == 5)
            #expect(Set(all.values).count == 5, "every experiment differs from the others")
            #expect(try await results(of: ["--data", "synthetic", "--epochs", "1", "--workers", "3"]).weights == all)
            #expect(try await Reference.short.weights["less-data/42"] == all["less-data/42"])
            let dropout = try await results(of: ["--data", "synthetic", "--only", "dropout", "--epochs", "1", "--workers", "2"])
            #expect(dropout.weights["dropout/42"] == all["dropout/42"])
        }

        @Test func anotherSeedGivesOtherWeights() async throws {
            let results = try await results(of: shortStudy + ["--seed", "43", "--workers", "2"])
            #expect(try await results.weights["less-data/43"] != Reference.short.weights["less-data/42"])
        }

        @Test(.enabled(if: TestEnvironment.debugMinishard != nil, "\(TestEnvironment.noDebugMinishard)"))
        func debugAndRelease() async throws {
            let debug = try #require(TestEnvironment.debugMinishard)
            #expect(debug != TestEnvironment.minishard)
            let results = try await results(of: shortStudy + ["--workers", "2"], binary: debug)
            #expect(try await results.weights == Reference.short.weights)
        }

        @Test func workersBeforeAndAfterTheCoordinator() async throws {
            let port = try TCPSocket().port
            let early = try worker("tcp://127.0.0.1:\(port)")
            let coordinator = try coordinator(listen: "tcp://127.0.0.1:\(port)")
            _ = try await early.line(containing: "Joined the coordinator")
            let late = try worker("tcp://127.0.0.1:\(port)")
            try await expectReference(coordinator, workers: [early, late])
        }

        @Test func workersOverBothTransports() async throws {
            let coordinator = try coordinator(listen: "ipc://socket", "tcp://127.0.0.1:*")
            _ = try await coordinator.line(containing: "listening on ipc://socket")
            let line = try await coordinator.line(containing: "listening on tcp://127.0.0.1:")
            let tcp = try String(#require(line.split(separator: " ").last))
            #expect(!tcp.hasSuffix("*"))
            try await expectReference(coordinator, workers: [worker("ipc://\(coordinator.directory("socket"))"), worker(tcp)])
        }

        @Test func workersBesideTheStudysOwn() async throws {
            let study = try minishard(["study"] + longStudy + ["--workers", "1", "--listen", "tcp://127.0.0.1:*", "--json"])
            let two = try await minishard(["worker", "--connect", endpoint(of: study), "--workers", "2"])
            let results = try await results(of: study)
            #expect(results.workers == 3)
            #expect(try await results.weights == Reference.long.weights)
            #expect(try await two.finish().status == .exited(0))
        }

        @Test(.enabled(if: cpu_supports_avx512(), "SKIPPED: this processor has no AVX-512 to be compared with AVX2."))
        func differentInstructionSetsTogether() async throws {
            let coordinator = try coordinator(listen: "ipc://socket")
            let socket = "ipc://\(coordinator.directory("socket"))"
            let workers = try ["avx2", "avx512"].map { try worker(socket, "--instruction-set", $0) }
            try await expectReference(coordinator, workers: workers)
        }

        @Test func aWorkerThatIsKilledIsNoLoss() async throws {
            let study = try minishard(["study"] + longStudy + ["--workers", "3", "--json"])
            _ = try await study.line(containing: "| Epoch 01 |")
            let victim = try #require(study.children.first)
            kill(victim, SIGKILL)
            #expect(try await results(of: study).weights == Reference.long.weights)
            #expect(!isRunning(victim))
        }

        /// A coordinator without workers that trains the long study.
        private func coordinator(listen endpoints: String...) throws -> Program {
            try minishard(["coordinator"] + endpoints.flatMap { ["--listen", $0] } + longStudy + ["--json"])
        }

        private func worker(_ endpoint: String, _ options: String...) throws -> Program {
            try minishard(["worker", "--connect", endpoint] + options)
        }

        /// Expects all the workers to take part, the weights to be those that one worker comes to, and everybody to end well.
        private func expectReference(_ coordinator: Program, workers: [Program]) async throws {
            let results = try await results(of: coordinator)
            #expect(results.workers == workers.count)
            #expect(try await results.weights == Reference.long.weights)
            for worker in workers { #expect(try await worker.finish().status == .exited(0)) }
        }
    }
}
