import Files
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

@Suite struct RestartPolicyTests {
    @Test func theWaitsDoubleUpToALimit() {
        var policy = RestartPolicy()
        var waits: [Duration] = []
        for _ in 0..<8 {
            if case .restart(let wait) = policy.died(after: .seconds(2)) { waits.append(wait) }
        }
        #expect(waits == [100, 200, 400, 800, 1600, 3200, 5000, 5000].map { .milliseconds($0) })
    }

    @Test func aLongLifeBeginsAnew() {
        var policy = RestartPolicy()
        for _ in 0..<4 { _ = policy.died(after: .milliseconds(5)) }
        #expect(policy.died(after: .seconds(10)) == .restart(after: .milliseconds(100)))
        #expect(policy.died(after: .milliseconds(5)) == .restart(after: .milliseconds(200)))
    }

    @Test func fiveQuickDeathsInARowAreTheEnd() {
        var policy = RestartPolicy()
        let verdicts = (0..<5).map { _ in policy.died(after: .milliseconds(5)) }
        #expect(verdicts.dropLast().allSatisfy { $0 != .giveUp })
        #expect(verdicts.last == .giveUp)
    }

    @Test func aSlowDeathBetweenBreaksTheRow() {
        var policy = RestartPolicy()
        for round in 0..<100 {
            let verdict = policy.died(after: round % 5 == 4 ? .seconds(1) : .zero)
            #expect(verdict != .giveUp)
        }
    }
}

@Suite struct OutOfMemoryTests {
    /// Writes files below a directory of their own, and reads the counter.
    private func count(_ files: [String: String]) throws -> Int? {
        let directory = try TemporaryDirectory()
        for (name, text) in files {
            try makeFolders(parentFolder(of: directory(name)))
            try directory.write(Array(text.utf8), to: name)
        }
        return OutOfMemoryKills(groups: directory("groups"), groupRoot: directory("fs"), machine: directory("vmstat")).count
    }

    @Test func theGroupsOwnCounterComesFirst() throws {
        let count = try count(["groups": "0::/box\n", "fs/box/memory.events": "low 0\noom 9\noom_kill 7\n", "vmstat": "oom_kill 3\n"])
        #expect(count == 7)
    }

    @Test func theOlderHierarchyIsKnown() throws {
        let count = try count([
            "groups": "4:memory:/box\n0::/\n", "fs/memory/box/memory.oom_control": "under_oom 0\noom_kill 5\n", "vmstat": "oom_kill 3\n",
        ])
        #expect(count == 5)
    }

    @Test func theMachinesCounterIsTheLastResort() throws {
        #expect(try count(["groups": "garbage\n:\n", "vmstat": "nr_free 1\noom_kill 3\n"]) == 3)
        #expect(try count([:]) == nil)
    }

    @Test func theCauseNamesMemoryOnlyWhereItIsKnown() {
        let killed = ExitStatus.killed(signal: SIGKILL)
        #expect(killed.description(memoryRanOut: true).contains("because memory ran out"))
        #expect(!killed.description(memoryRanOut: false).contains("memory"))
        #expect(killed.description(memoryRanOut: nil) == killed.description)
        #expect(ExitStatus.killed(signal: SIGSEGV).description(memoryRanOut: true).contains("bad memory access"))
        #expect(ExitStatus.exited(3).description(memoryRanOut: true) == "exited with code 3")
    }
}
