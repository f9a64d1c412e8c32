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
    /// A run that ends before its time is continued to the same end.
    @Suite struct ResumeTests {
        /// Long enough to be interrupted in its middle, and short enough to be continued: of two runs one ends long before the other.
        private static let options = ["--data", "synthetic", "--only", "baseline,less-data", "--epochs", "2"]

        /// The run that nothing disturbed, trained once.
        private static let undisturbed = Task {
            try await train(options)
        }

        private static func train(_ options: [String]) async throws -> (directory: TemporaryDirectory, FinishedProgram) {
            let study = try minishard(["study"] + options + ["--workers", "1", "--out", "out"])
            let finished = try await study.finish()
            try #require(finished.status == .exited(0), "\(finished.errors)")
            return (study.directory, finished)
        }

        /// Expects a program to have ended well, its directory to hold what the undisturbed run left, byte for byte, and its lines to be those.
        private func expectSame(
            _ program: Program, out: String = "out",
            as undisturbed: Task<(directory: TemporaryDirectory, FinishedProgram), any Error>? = nil,
            sourceLocation: SourceLocation = #_sourceLocation
        ) async throws {
            let finished = try await program.finish()
            #expect(finished.status == .exited(0), "\(finished.errors)", sourceLocation: sourceLocation)
            let (expected, reference) = try await (undisturbed ?? Self.undisturbed).value
            let files = try expected.files(in: "out")
            #expect(try program.directory.files(in: out) == files, sourceLocation: sourceLocation)
            // What names the moment or the machine differs.
            for file in files where !["results.json", "run.json"].contains(file) {
                let isSame = try program.directory.bytes("\(out)/\(file)") == expected.bytes("out/\(file)")
                #expect(isSame, "\(file)", sourceLocation: sourceLocation)
            }
            let results = try Results(json: program.directory.text("\(out)/results.json"))
            #expect(try results.experiments == Results(json: expected.text("out/results.json")).experiments, sourceLocation: sourceLocation)
            #expect(Self.lines(finished) == Self.lines(reference), sourceLocation: sourceLocation)
        }

        /// The lines of epochs and results, which come in any order when runs train side by side.
        private static func lines(_ finished: FinishedProgram) -> [Substring] {
            finished.output.split(separator: "\n").filter { $0.contains(" | ") }.sorted()
        }

        @Test(arguments: [("baseline  | Epoch 01", 3), ("less-data | Weights SHA-256", 1)])
        func coordinatorThatIsKilledIsContinued(line: String, workers: Int) async throws {
            let study = try minishard(["study"] + Self.options + ["--workers", "2", "--out", "out"])
            _ = try await study.line(containing: line, on: .output)
            study.send(SIGKILL)
            #expect(try await study.finish().status == .killed(signal: SIGKILL))
            try await expectSame(minishard(["resume", "out", "--workers", "\(workers)"], in: study.directory))
        }

        /// Killed in every epoch.
        @Test func everyContinuationGetsFurther() async throws {
            let options = ["--data", "synthetic", "--only", "less-data", "--epochs", "5"]
            var program = try minishard(["study"] + options + ["--workers", "2", "--out", "out", "--checkpoint-interval", "0"])
            for epoch in 1...4 {
                _ = try await program.line(containing: "| Epoch 0\(epoch) |", on: .output)
                program.send(SIGKILL)
                #expect(try await program.finish().status == .killed(signal: SIGKILL))
                program = try minishard(["resume", "out", "--checkpoint-interval", "0"], in: program.directory)
                let line = try await program.line(containing: "less-data, seed 42: continues after step ")
                #expect(Int(line.split(separator: " ").last ?? "") ?? 0 >= 32 * (epoch - 1) + 1)
            }
            try await expectSame(program, as: Task { try await Self.train(options) })
        }

        @Test(arguments: [SIGINT, SIGTERM])
        func interruptedStudyIsContinued(_ signal: Int32) async throws {
            let study = try minishard(["study"] + Self.options + ["--workers", "2", "--out", "out"])
            _ = try await study.line(containing: "baseline  | Epoch 01", on: .output)
            let workers = study.children
            study.send(signal)
            let finished = try await study.finish()
            #expect(finished.status == .exited(75))
            #expect(finished.errors.hasSuffix("To continue: minishard resume out\n"))
            #expect(workers.count == 2 && workers.allSatisfy { !isRunning($0) })
            try await expectSame(minishard(["resume", "out", "--workers", "3"], in: study.directory))
        }

        /// Without checkpoints there is nothing to continue from but the beginning, and the end is the same.
        @Test func withoutCheckpointsTheBeginningIsTakenUp() async throws {
            let study = try minishard(["study"] + Self.options + ["--workers", "2", "--out", "out", "--checkpoint-interval", "off"])
            _ = try await study.line(containing: "baseline  | Epoch 01", on: .output)
            study.send(SIGINT)
            #expect(try await study.finish().status == .exited(75))
            #expect(try study.directory.files(in: "out").allSatisfy { !$0.hasPrefix("checkpoints/") })
            try await expectSame(minishard(["resume", "out"], in: study.directory))
        }

        @Test func workersElsewhereContinueARun() async throws {
            let coordinator = try minishard(["coordinator", "--listen", "ipc://socket", "--out", "out"] + Self.options)
            let worker = try minishard(["worker", "--connect", "ipc://socket"], in: coordinator.directory)
            _ = try await coordinator.line(containing: "baseline  | Epoch 01", on: .output)
            coordinator.send(SIGKILL)
            _ = try await coordinator.finish()
            let second = try minishard(["resume", "out", "--workers", "0", "--listen", "ipc://socket"], in: coordinator.directory)
            try await expectSame(second)
            #expect(try await worker.finish().status == .exited(0))
        }

        @Test func completeRunSaysSo() async throws {
            let study = try minishard(["study"] + shortStudy + ["--out", "out"])
            #expect(try await study.finish().status == .exited(0))
            let again = try await minishard(["resume", "out"], in: study.directory).finish()
            #expect(again.status == .exited(0) && again.output == "")
            #expect(again.errors == "minishard: The run in out is complete: its results are in out/results.json.\n")
            let json = try await minishard(["resume", "out", "--json"], in: study.directory).finish()
            #expect(json.status == .exited(0))
            #expect(try json.output == study.directory.text("out/results.json"))
            #expect(try await Results(json: json.output).weights == Reference.short.weights)
        }

        @Test func oneProcessAtATime() async throws {
            let study = try minishard(["study"] + Self.options + ["--workers", "1", "--out", "out", "--epochs", "1000"])
            _ = try await study.line(containing: "| Epoch 01 |", on: .output)
            for _ in 0..<2 {
                let second = try await minishard(["resume", "out"], in: study.directory).finish()
                expectRefusal(second, code: 1, saying: "Another process is training the run in out.")
            }
            let begun = try await minishard(["study"] + shortStudy + ["--out", "out"], in: study.directory).finish()
            expectRefusal(begun, code: 1, saying: "minishard resume out continues it")
            study.send(SIGINT)
            #expect(try await study.finish().status == .exited(75))
        }

        @Test func otherDataAreRefused() async throws {
            let study = try minishard(["study"] + Self.options + ["--workers", "1", "--out", "out"])
            _ = try await study.line(containing: "| Epoch 01 |", on: .output)
            study.send(SIGINT)
            #expect(try await study.finish().status == .exited(75))
            try DataFiles().write(to: study.directory)
            let other = try await minishard(["resume", "out", "--data", "."], in: study.directory).finish()
            expectRefusal(
                other, code: 1,
                saying: "was begun on other data: its SHA-256 was 587041071db11f49180a6c4573d9280ab1c8ab0d9853f48b31cf2758cf8b969e")
            try await expectSame(minishard(["resume", "out", "--data", "synthetic"], in: study.directory))
        }

        @Test func damagedFilesAreNamed() async throws {
            let study = try minishard(["study"] + Self.options + ["--workers", "2", "--out", "out", "--checkpoint-interval", "0"])
            _ = try await study.line(containing: "baseline  | Epoch 01", on: .output)
            study.send(SIGINT)
            #expect(try await study.finish().status == .exited(75))
            let directory = study.directory
            let names = ["job-0.a.safetensors", "job-0.b.safetensors"].map { "out/checkpoints/\($0)" }
            let whole = try names.map { try directory.bytes($0) }
            // Both generations damaged: nothing is trained, nothing is lost.
            for (name, bytes) in zip(names, whole) { try directory.write(Array(bytes.dropLast()), to: name) }
            let refused = try await minishard(["resume", "out"], in: directory).finish()
            expectRefusal(refused, code: 1, saying: "No checkpoint of baseline, seed 42, can be used.", "job-0.a.", "job-0.b.", "cut off")
            // One of them damaged: the other one will do.
            try directory.write(whole[0], to: names[0])
            let resumed = try minishard(["resume", "out"], in: directory)
            let line = try await resumed.line(containing: "warning: job-0.b.safetensors cannot be used: ")
            #expect(line.hasSuffix("Another checkpoint is used; what was trained since it was made is trained again."))
            try await expectSame(resumed)
            let nothing = try await minishard(["resume", "."], in: directory).finish()
            expectRefusal(nothing, code: 1, saying: ". is not the directory of a run: there is no ./run.json.")
            try directory.write(Array("{".utf8), to: "run.json")
            let torn = try await minishard(["resume", "."], in: directory).finish()
            expectRefusal(torn, code: 1, saying: "./run.json is damaged: ")
        }

        #if os(Linux)
            /// A disk that is full costs no work: training goes on to its end, and once there is room again nothing of it is missing.
            @Test(.enabled(if: SmallDisk.isPossible, "SKIPPED: no small file system can be mounted here; that takes root."))
            func fullDiskStopsNothing() async throws {
                let directory = try TemporaryDirectory()
                let disk = try #require(SmallDisk(at: directory("disk")))
                let study = try minishard(
                    ["study"] + Self.options + ["--workers", "2", "--out", "disk/out", "--checkpoint-interval", "0.05"], in: directory)
                let line = try await study.line(containing: "warning: No checkpoint of ")
                #expect(line.hasSuffix("No space left on device. Free some space there. Training goes on without it."))
                let finished = try await study.finish()
                #expect(try await Self.lines(finished) == Self.lines(Self.undisturbed.value.1))
                #expect(finished.status == .exited(1) && finished.errors.contains("No space left on device"))
                disk.grow()
                try await expectSame(minishard(["resume", "disk/out"], in: directory), out: "disk/out")
            }

            /// The same with a disk that has become read-only, as the kernel makes one that has errors.
            @Test(.enabled(if: SmallDisk.isPossible, "SKIPPED: no file system can be mounted here; that takes root."))
            func readOnlyDiskStopsNothing() async throws {
                let directory = try TemporaryDirectory()
                let disk = try #require(SmallDisk(at: directory("disk")))
                disk.grow()
                let study = try minishard(
                    ["study"] + Self.options + ["--workers", "2", "--out", "disk/out", "--checkpoint-interval", "0.05"], in: directory)
                _ = try await study.line(containing: "less-data | Epoch 01", on: .output)
                try #require(disk.becomeReadOnly())
                _ = try await study.line(containing: "warning: No checkpoint of ")
                let finished = try await study.finish()
                #expect(try await Self.lines(finished) == Self.lines(Self.undisturbed.value.1))
                #expect(finished.status == .exited(1) && finished.errors.contains("Read-only file system"), "\(finished.errors)")
                disk.grow()
                try await expectSame(minishard(["resume", "disk/out"], in: directory), out: "disk/out")
            }
        #endif
    }
}

#if os(Linux)
    /// A file system of 900 kB: room for two checkpoints of a run.
    private final class SmallDisk {
        static let isPossible = (try? TemporaryDirectory()).map { SmallDisk(at: $0("disk")) != nil } ?? false
        private let path: String

        init?(at path: String) {
            self.path = path
            guard mkdir(path, 0o755) == 0, mount("none", path, "tmpfs", 0, "size=900k") == 0 else { return nil }
        }

        /// Even while files are open there: MNT_DETACH.
        deinit { umount2(path, 2) }

        /// Waits, ten seconds at most, for a moment in which nobody has a file open for writing.
        func becomeReadOnly() -> Bool {
            for _ in 0..<10_000 {
                if mount("none", path, "tmpfs", UInt(MS_REMOUNT | MS_RDONLY), nil) == 0 { return true }
                usleep(1000)
            }
            return false
        }

        func grow() { _ = mount("none", path, "tmpfs", UInt(MS_REMOUNT), "size=64m") }
    }
#endif
