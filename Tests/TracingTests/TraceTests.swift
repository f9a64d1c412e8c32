import TestSupport
import Testing

@testable import Tracing

struct TraceTests {
    @Test("Spans are events with start and duration in microseconds, in a lane with a name")
    func spans() throws {
        let directory = try TemporaryDirectory()
        let recorder = TraceRecorder()
        let before = TraceRecorder.now
        let answer = Optional(recorder).recording(.compute, job: 2, step: 7) { 42 }
        recorder.record(.wait, since: before)
        let after = TraceRecorder.now
        #expect(answer == 42)

        let file = try TraceFile(path: directory("trace.json"))
        try file.write([recorder.events(process: 5, name: "worker")])
        let events = try TraceEvent.read(directory.text("trace.json"))
        #expect(events.map(\.name) == ["process_name", "compute", "wait"])
        #expect(events.allSatisfy { $0.pid == 5 && $0.tid == 5 })
        #expect(events[0].ph == "M" && events[0].args?.name == "worker")
        #expect(events[1].ph == "X" && events[1].args?.job == 2 && events[1].args?.step == 7)
        #expect(events[2].args == nil)
        let threadTime = try #require(events[1].tdur)
        #expect(threadTime > 0 && events[2].tdur == nil)
        let start = try #require(events[2].ts)
        let duration = try #require(events[2].dur)
        #expect(abs(start - Double(before) / 1000) < 0.01)
        #expect(duration > 0 && start + duration <= Double(after) / 1000 + 0.01)
    }

    @Test("Lanes of other processes are joined; a process that was killed leaves none")
    func joining() throws {
        let directory = try TemporaryDirectory()
        let path = directory("trace.json")
        let parts = (0..<3).map { TraceFile.part(of: path, number: $0) }
        for part in parts.prefix(2) {
            let recorder = TraceRecorder()
            recorder.record(.compute, since: TraceRecorder.now)
            try TraceFile(path: part).write([recorder.events(process: 9, name: "worker")])
        }
        _ = try TraceFile(path: parts[2])
        try TraceFile(path: path).write([TraceRecorder().events(process: 1, name: "coordinator")], joining: parts)
        let events = try TraceEvent.read(directory.text("trace.json"))
        #expect(events.compactMap(\.args?.name) == ["coordinator", "worker", "worker"])
        #expect(try directory.files(in: ".") == ["trace.json"])
    }

    @Test("A trace that cannot be kept is refused before anything is trained")
    func unwritable() {
        let error = #expect(throws: TraceError.self) { try TraceFile(path: "/nowhere/trace.json") }
        #expect(error?.description.contains("/nowhere/trace.json") == true)
    }

    @Test("Without a recorder nothing is recorded, and all goes on")
    func off() {
        let none: TraceRecorder? = nil
        #expect(none.recording(.send) { "sent" } == "sent")
        #expect(none.now == 0)
    }
}
