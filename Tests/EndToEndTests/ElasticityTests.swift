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
    /// Workers die, hang, lie low and are missed, and nothing of it shows in the weights.
    @Suite struct ElasticityTests {
        private static let endlessStudy = ["--data", "synthetic", "--only", "less-data,baseline", "--epochs", "100000"]

        @Test func workersThatDieAreReplaced() async throws {
            let study = try minishard(["study"] + longStudy + ["--workers", "2", "--json"])
            _ = try await study.line(containing: "| Epoch 01 |")
            let victims = study.children
            #expect(victims.count == 2)
            for victim in victims { kill(victim, SIGKILL) }
            for victim in victims {
                let line = try await study.line(containing: "Worker process \(victim) was killed by signal 9")
                #expect(line.contains("starting another"))
            }
            #expect(try await results(of: study).weights == Reference.long.weights)
        }

        @Test func workersThatDieAtOnceAgainAndAgainAreGivenUp() async throws {
            let study = try minishard(["study"] + Self.endlessStudy + ["--workers", "1", "--out", "out"])
            _ = try await study.line(containing: "first training step")
            var victim = try #require(study.children.first)
            for death in 1...5 {
                kill(victim, SIGKILL)
                let line = try await study.line(containing: "Worker process \(victim) was killed by signal 9")
                guard death < 5 else {
                    #expect(line.contains("no other is started"))
                    break
                }
                let started = try await study.line(containing: "in place of \(victim)")
                victim = try #require(started.split(separator: " ").compactMap { Int32($0) }.first)
            }
            let finished = try await study.finish()
            #expect(finished.status == .exited(69))
            #expect(finished.errors.contains("All worker processes have ended"))
        }

        @Test func aCoordinatorWaitsAsLongAsItIsTold() async throws {
            let finished = try await minishard(
                ["coordinator", "--listen", "ipc://socket", "--patience", "0.3"] + shortStudy + ["--out", "out"]
            )
            .finish()
            #expect(finished.status == .exited(69))
            #expect(finished.errors.contains("There was no worker for 0.3 seconds"))
            let study = try minishard(["coordinator", "--listen", "ipc://socket", "--patience", "inf", "--json"] + longStudy)
            let first = try minishard(["worker", "--connect", "ipc://socket"], in: study.directory)
            _ = try await study.line(containing: "| Epoch 01 |")
            first.send(SIGKILL)
            _ = try await study.line(containing: "No worker is left")
            let second = try minishard(["worker", "--connect", "ipc://socket"], in: study.directory)
            #expect(try await results(of: study).weights == Reference.long.weights)
            #expect(try await second.finish().status == .exited(0))
        }

        @Test func aWorkerThatHangsHoldsNothingUp() async throws {
            let study = try minishard(["study"] + longStudy + ["--workers", "2", "--json"])
            _ = try await study.line(containing: "| Epoch 01 |")
            let victim = try #require(study.children.first)
            kill(victim, SIGSTOP)
            // The study ends while the worker still hangs: it is not missed, and killed in the end.
            #expect(try await results(of: study).weights == Reference.long.weights)
            #expect(!isRunning(victim))
        }

        /// The form of `scripts/simulate` in which it belongs to every run of the tests; SimulatorTests has more of what it promises.
        @Test func twoThousandSchedulesOfFaults() async throws {
            let finished = try await minishard(["simulate", "--seeds", "2000", "--first", "200000"], limit: .seconds(240)).finish()
            #expect(finished.status == .exited(0), "\(finished.output)")
            #expect(
                finished.output.hasPrefix("2000 schedules from seed 200000 on, ") && finished.output.contains("and with the same bits."))
        }

        @Test(arguments: ["0", "1"]) func auditsChangeNothing(_ share: String) async throws {
            let results = try await results(of: shortStudy + ["--workers", "2", "--audit-share", share])
            #expect(try await results.weights == Reference.short.weights)
        }
    }
}
