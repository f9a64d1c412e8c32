import Processes
import Synchronization
import Testing

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

@Suite struct ProcessTests {
    @Test(arguments: [0, 1, 69, 255]) func anExitCodeIsSeen(_ code: Int32) throws {
        let process = try spawn("sh", ["-c", "exit \(code)"])
        #expect(try wait(for: process) == .exited(code))
    }

    @Test func aKillingSignalIsSeen() throws {
        let process = try spawn("sh", ["-c", "kill -9 $$"])
        let status = try wait(for: process)
        #expect(status == .killed(signal: SIGKILL))
        #expect("\(status)".hasPrefix("was killed by signal 9"))
    }

    @Test func aMissingProgramIsNamed() {
        let error = #expect(throws: ProcessError.self) { try spawn("/absent/program", []) }
        #expect(error?.description == "the program /absent/program cannot be started: No such file or directory")
    }

    @Test func aProcessThatIsNoChildCannotBeWaitedFor() {
        #expect(throws: ProcessError.self) { try wait(for: 1) }
        #expect(statusIfEnded(1) == nil)
    }

    @Test func theOutputGoesToAFile() throws {
        let directory = try makeTemporaryDirectory()
        defer { rmdir(directory) }
        var options = SpawnOptions()
        options.standardOutput = "\(directory)/out"
        defer { unlink("\(directory)/out") }
        #expect(try wait(for: try spawn("sh", ["-c", "printf abc; cat"], options: options)) == .exited(0))
        var status = stat()
        #expect(stat("\(directory)/out", &status) == 0)
        #expect(status.st_size == 3)
    }

    @Test func theTemporaryDirectoryIsTheUsersAlone() throws {
        let directory = try makeTemporaryDirectory()
        defer { rmdir(directory) }
        var status = stat()
        #expect(stat(directory, &status) == 0)
        #expect(status.st_mode & 0o777 == 0o700)
    }

    @Test func theExecutableIsThisProgram() throws {
        #expect(access(try executablePath(), X_OK) == 0)
    }
}

@Suite struct ChildrenTests {
    /// A child that ends when its lifeline does: `read` on the descriptor returns at the pipe's end.
    private let waitsForTheLifeline = ["-c", "read line <&\(Lifeline.childDescriptor); exit 7"]

    @Test func endedChildrenAreTakenOnce() throws {
        let children = try Children()
        let first = try children.start("sh", ["-c", "exit 3"])
        var ended: [(process: Int32, status: Processes.ExitStatus)] = []
        let deadline = ContinuousClock.now + .seconds(10)
        while ended.isEmpty, ContinuousClock.now < deadline {
            ended = children.takeEnded()
            sched_yield()
        }
        #expect(ended.map(\.process) == [first])
        #expect(ended.first?.status == .exited(3))
        #expect(children.takeEnded().isEmpty)
        #expect(children.count == 0)
    }

    @Test func aChildSeesItsLifelineEnd() throws {
        var lifeline: Lifeline? = try Lifeline()
        var options = SpawnOptions()
        options.inherited = (try #require(lifeline?.readEnd), as: Lifeline.childDescriptor)
        let process = try spawn("sh", waitsForTheLifeline, options: options)
        #expect(statusIfEnded(process) == nil)
        lifeline = nil
        #expect(try wait(for: process) == .exited(7))
    }

    @Test func childrenThatDoNotEndAreKilled() throws {
        let children = try Children()
        let process = try children.start("sh", waitsForTheLifeline)
        children.waitForAll(limit: .milliseconds(10))
        #expect(children.count == 0)
        #expect(kill(process, 0) == -1, "the process is gone, and has been waited for")
    }

    @Test func childrenLeadTheirOwnProcessGroups() throws {
        let children = try Children()
        let process = try children.start("sh", waitsForTheLifeline)
        #expect(getpgid(process) == process)
        children.killAll()
    }
}
