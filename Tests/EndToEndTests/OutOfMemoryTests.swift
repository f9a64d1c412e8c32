#if os(Linux)
    import Processes
    import TestSupport
    import Testing

    #if canImport(Glibc)
        import Glibc
    #else
        import Musl
    #endif

    extension EndToEnd {
        /// The kernel kills a worker for its memory.
        @Suite struct OutOfMemoryTests {
            @Test(.enabled(if: MemoryGroup.isPossible, "SKIPPED: no control group for memory can be made here; that takes root."))
            func aWorkerThatIsKilledForItsMemoryIsNamedAndReplaced() async throws {
                let group = try #require(MemoryGroup(limit: 400 << 20))
                let study = try group.start(TestEnvironment.minishard, ["study"] + longStudy + ["--workers", "2", "--json"])
                _ = try await study.line(containing: "| Epoch 01 |")
                let victim = try #require(study.children.first)
                // The first whom the kernel will choose.
                try group.write("1000", to: "/proc/\(victim)/oom_score_adj")
                let hog = """
                    import os, sys
                    held = []
                    while os.path.exists(f"/proc/{sys.argv[1]}/exe") and open(f"/proc/{sys.argv[1]}/stat").read().rpartition(")")[2].split()[0] != "Z":
                        held.append(bytearray(os.urandom(1)) * (1 << 20))
                    """
                let eater = try group.start("python3", ["-c", hog, "\(victim)"])
                let line = try await study.line(containing: "Worker process \(victim) ")
                #expect(line.contains("memory") && line.contains("starting another"), "\(line)")
                #expect(try await results(of: study).weights == Reference.long.weights)
                _ = try await eater.finish()
            }
        }
    }

    /// A control group with a limit on memory, for processes that are started in it.
    private final class MemoryGroup {
        static let isPossible = MemoryGroup(limit: 1 << 30) != nil && (try? wait(for: spawn("python3", ["-c", ""]))) == .exited(0)
        private let path: String

        init?(limit: Int) {
            // Version 2 of control groups where it has the controller, else version 1.
            for (root, file) in [("/sys/fs/cgroup", "memory.max"), ("/sys/fs/cgroup/memory", "memory.limit_in_bytes")] {
                let path = "\(root)/minishard-test-\(getpid())-\(UInt32.random(in: .min ... .max))"
                guard geteuid() == 0, mkdir(path, 0o755) == 0 else { continue }
                if let stream = fopen("\(path)/\(file)", "r+") {
                    let isSet = fputs("\(limit)", stream) >= 0
                    if fclose(stream) == 0, isSet {
                        self.path = path
                        return
                    }
                }
                rmdir(path)
            }
            return nil
        }

        deinit { rmdir(path) }

        func start(_ program: String, _ arguments: [String]) throws -> Program {
            try Program(
                "sh", ["-c", "echo $$ > '\(path)/cgroup.procs' && exec \"$@\"", "sh", program] + arguments, environment: neutral)
        }

        func write(_ text: String, to file: String) throws {
            let stream = try #require(fopen(file, "w"))
            defer { fclose(stream) }
            try #require(fputs(text, stream) >= 0)
        }
    }
#endif
