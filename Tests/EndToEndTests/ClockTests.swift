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
        /// Clocks jump, and nobody is taken for dead because of it.
        @Suite struct ClockTests {
            /// The time of day jumps by years to and fro, in the coordinator and in its workers, all through a study.
            @Test(.enabled(if: canFakeTime, "SKIPPED: there is no libfaketime here (Debian: faketime)."))
            func theTimeOfDayJumps() async throws {
                let directory = try TemporaryDirectory()
                try directory.write(Array("+3000d".utf8), to: "time")
                let study = try Program(
                    "faketime",
                    [
                        "-m", "-f", "+0", "env", "-u", "FAKETIME", "FAKETIME_TIMESTAMP_FILE=\(directory("time"))", "FAKETIME_NO_CACHE=1",
                        "FAKETIME_DONT_FAKE_MONOTONIC=1", TestEnvironment.minishard, "study",
                    ] + longStudy + ["--workers", "2", "--json"],
                    environment: neutral, in: directory)
                for (epoch, offset) in [("01", "-2d"), ("05", "+30d"), ("09", "-5h"), ("13", "+1s"), ("17", "-3000d")] {
                    _ = try await study.line(containing: "| Epoch \(epoch) |")
                    try directory.write(Array(offset.utf8), to: "time")
                }
                try await expectNobodyWasMissed(study)
                // The folder of the run is named by the time of day.
                #expect(try directory.files().contains { $0.hasPrefix("runs/203") })
            }

            private static let canFakeTime = (try? wait(for: spawn("faketime", ["-m", "-f", "+0", "true"]))) == .exited(0)

            /// The workers' monotonic clock is a day ahead of the coordinator's, as on another machine.
            @Test(.enabled(if: canUnshareTime, "SKIPPED: no time namespaces here; they take root and Linux 5.6."))
            func monotonicClocksDiffer() async throws {
                let study = try minishard(
                    ["coordinator", "--listen", "ipc://socket", "--listen", "tcp://127.0.0.1:*"] + longStudy + ["--json"])
                _ = try await study.line(containing: "listening on ipc://socket")
                let tcp = try await study.line(containing: "listening on tcp").split(separator: " ").last ?? ""
                let ahead = try Program(
                    "unshare",
                    [
                        "--time", "--monotonic", "86400", "--fork", "--kill-child", TestEnvironment.minishard, "worker", "--connect",
                        "ipc://socket",
                    ],
                    environment: neutral, in: study.directory)
                let here = try minishard(["worker", "--connect", String(tcp)])
                try await expectNobodyWasMissed(study)
                #expect(try await ahead.finish().status == .exited(0))
                #expect(try await here.finish().status == .exited(0))
            }

            private static let canUnshareTime: Bool = {
                geteuid() == 0 && (try? wait(for: spawn("unshare", ["--time", "--monotonic", "1", "--fork", "true"]))) == .exited(0)
            }()

            private func expectNobodyWasMissed(_ study: Program) async throws {
                let finished = try await study.finish()
                try #require(finished.status == .exited(0), "\(finished.errors)")
                #expect(try await Results(json: finished.output).weights == Reference.long.weights)
                for sentence in ["silent", "No worker is left", "Worker process"] {
                    #expect(!finished.errors.contains(sentence), "\(finished.errors)")
                }
            }
        }
    }
#endif
