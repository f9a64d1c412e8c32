import Processes
import TestSupport
import Testing

extension EndToEnd {
    /// The short form of scripts/chaos: studies whose processes and network fail by seed, each the same as one that nothing disturbs.
    @Suite struct ChaosTests {
        @Test(.enabled(if: canRun, "SKIPPED: scripts/chaos is for Linux, and needs python3."))
        func studiesUnderFaultsAreTheSame() async throws {
            let finished = try await chaos([
                "studies", "--data", TestEnvironment.mnist ?? "synthetic", "--only", "baseline,less-data,dropout", "--epochs", "2",
                "--studies",
                "8", "--seed", "100", "--longest", "2", "--keep", "failed",
            ])
            #expect(finished.status == .exited(0), "\(finished.output)\(finished.errors)")
            let lines = finished.output.split(separator: "\n")
            #expect(lines.count { $0.hasSuffix(": Same") } == 8, "\(finished.output)")
            let summary = try #require(lines.last)
            #expect(summary.hasPrefix("8 studies, ") && summary.hasSuffix("all Same."))
            let faults = try #require(Int(summary.split(separator: " ")[2]))
            #expect(faults >= 15, "too few faults to tell anything: \(summary)")
        }

        /// Whoever says that all is the same must be able to say that it is not.
        @Test(.enabled(if: canRun, "SKIPPED: scripts/chaos is for Linux, and needs python3."))
        func aDifferenceIsFound() async throws {
            let finished = try await oneStudy(in: TemporaryDirectory(), disturbedBy: "exec '\(TestEnvironment.minishard)' \"$@\" --seed 7")
            #expect(finished.status == .exited(1), "\(finished.output)\(finished.errors)")
            #expect(finished.output.contains("less-data/seed-42/final.safetensors is missing"), "\(finished.output)")
            #expect(finished.output.contains("again with scripts/chaos studies --seed 101 --studies 1"))
        }

        @Test(.enabled(if: canRun, "SKIPPED: scripts/chaos is for Linux, and needs python3."))
        func aProcessThatIsLeftIsFoundAndEnded() async throws {
            let directory = try TemporaryDirectory()
            let finished = try await oneStudy(
                in: directory, disturbedBy: "sleep 300 & echo $! >>left; exec '\(TestEnvironment.minishard)' \"$@\"")
            #expect(finished.status == .exited(1), "\(finished.output)\(finished.errors)")
            #expect(finished.output.contains("processes are left: "), "\(finished.output)")
            for pid in try directory.text("left").split(separator: "\n") {
                let look = try await Program("grep", ["-q", "sleep", "/proc/\(pid)/cmdline"]).finish()
                #expect(look.status != .exited(0), "process \(pid) is there still")
            }
        }

        /// Disturbs a study whose program is the real one, but for what a line of shell does in its place.
        private func oneStudy(in directory: TemporaryDirectory, disturbedBy line: String) async throws -> FinishedProgram {
            let fake = """
                #!/bin/sh
                case "$*" in
                *undisturbed*) exec '\(TestEnvironment.minishard)' "$@" ;;
                study*|coordinator*) \(line) ;;
                *) exec '\(TestEnvironment.minishard)' "$@" ;;
                esac
                """
            try directory.write(Array(fake.utf8), to: "fake")
            #expect(try await Program("chmod", ["+x", "fake"], in: directory).finish().status == .exited(0))
            return try await Program(
                "python3",
                [
                    "\(TestEnvironment.root)/scripts/lib/chaos", "--binary", "\(directory.path)/fake", "studies", "--only", "less-data",
                    "--epochs", "1", "--studies", "1", "--seed", "101", "--keep", "failed",
                ],
                environment: neutral, in: directory, limit: .seconds(120)
            ).finish()
        }

        @Test(.enabled(if: canRun, "SKIPPED: scripts/chaos is for Linux, and needs python3."))
        func hundredsOfWorkersComeAndGo() async throws {
            let finished = try await chaos(["churn", "--data", "synthetic", "--joins", "200"])
            #expect(finished.status == .exited(0), "\(finished.output)\(finished.errors)")
            #expect(finished.output.contains("steps compared: Same."))
        }

        @Test(.enabled(if: canRun, "SKIPPED: scripts/chaos is for Linux, and needs python3."))
        func connectionsThatUseUpTheDescriptors() async throws {
            let finished = try await chaos(["flood", "--data", "synthetic", "--connections", "500", "--seconds", "2"])
            #expect(finished.status == .exited(0), "\(finished.output)\(finished.errors)")
            #expect(finished.output.contains("with 64 descriptors, 64 of them in use") && finished.output.contains("steps compared: Same."))
        }

        private func chaos(_ options: [String]) async throws -> FinishedProgram {
            try await Program(
                "python3", ["\(TestEnvironment.root)/scripts/lib/chaos", "--binary", TestEnvironment.minishard] + options,
                environment: neutral, limit: .seconds(300)
            ).finish()
        }

        private static let canRun: Bool = {
            #if os(Linux)
                (try? wait(for: spawn("python3", ["-c", ""]))) == .exited(0)
            #else
                false
            #endif
        }()
    }
}
