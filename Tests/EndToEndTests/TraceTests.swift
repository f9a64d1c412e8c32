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
    /// The trace of a run, read as a viewer would.
    @Suite struct TraceTests {
        @Test func followsEveryProcess() async throws {
            let study = try minishard(["study"] + shortStudy + ["--workers", "2", "--out", "out", "--trace", "trace.json"])
            let finished = try await study.finish()
            try #require(finished.status == .exited(0), "\(finished.errors)")
            let events = try TraceEvent.read(study.directory.text("trace.json"))

            #expect(events.filter { $0.ph == "M" }.map { $0.args?.name } == ["coordinator", "worker", "worker"])
            let spans = Dictionary(grouping: events.filter { $0.ph == "X" }, by: \.name)
            // Messages are prepared only where there is time for it.
            #expect(
                Set(spans.keys).subtracting(["prepare"]) == ["wait", "receive", "send", "report", "reduce", "adam", "link", "compute"])
            // One epoch of 2,000 images is 32 steps; a step is one piece of work or several.
            #expect(spans["adam"]?.compactMap { $0.args?.step } == Array(0..<32))
            #expect(spans["link"]?.compactMap { $0.args?.step } == Array(0..<32))
            #expect(spans["compute"]?.count ?? 0 >= 32)
            // Workers compute side by side, each one piece at a time, all within the run.
            for (_, lane) in Dictionary(grouping: spans["compute"] ?? [], by: \.pid) {
                let times = lane.map { ($0.ts ?? 0, ($0.ts ?? 0) + ($0.dur ?? 0)) }
                #expect(zip(times, times.dropFirst()).allSatisfy { $0.1 <= $1.0 })
            }
            #expect(try study.directory.files().filter { $0.hasPrefix("trace.json") } == ["trace.json"])
        }

        @Test func aTraceThatIsLostCostsNoResults() async throws {
            let directory = try TemporaryDirectory()
            mkdir(directory("traces"), 0o755)
            let study = try minishard(["study"] + longStudy + ["--out", "out", "--trace", "traces/trace.json"], in: directory)
            _ = try await study.line(containing: "| Epoch 01 |", on: .output)
            rename(directory("traces"), directory("elsewhere"))
            let finished = try await study.finish()
            #expect(finished.status == .exited(1))
            #expect(finished.errors.contains("The trace cannot be kept. Cannot create traces/trace.json: "))
            #expect(try await Results(json: directory.text("out/results.json")).weights == Reference.long.weights)
            #expect(finished.output.contains("Results: out/results.json"))
        }

        @Test func refusesAFileThatCannotBeWritten() async throws {
            let study = try minishard(["study"] + shortStudy + ["--out", "out", "--trace", "/nowhere/trace.json"])
            let finished = try await study.finish()
            #expect(finished.status == .exited(1))
            #expect(finished.errors.contains("/nowhere/trace.json"))
            #expect(try study.directory.files() == [])
        }
    }
}
