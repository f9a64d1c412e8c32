import Dispatch
package import Processes
import Synchronization

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// A real process that runs beside a test, with its output captured and its time limited.
///
/// It leads a process group of its own, so that a signal for the group does not reach the tests. When it outlives its limit, and when nobody refers to
/// this object any more, it is killed.
package final class Program: Sendable {
    /// One of the two streams that a program writes.
    package enum Stream: Int, Sendable {
        case output, errors
    }

    package let process: Int32
    /// Where it runs and makes its temporary files.
    package let directory: TemporaryDirectory
    private let progress: Progress

    /// Starts a program.
    ///
    /// - Parameters:
    ///   - program: its path, or a name that is found along `PATH`.
    ///   - environment: variables to set, or with nil to unset, beside this process's own.
    ///   - directory: where it runs; nil for a new and empty one.
    ///   - limit: how long it may run and keep its streams open, children of its own included.
    package init(
        _ program: String, _ arguments: [String], environment: [String: String?] = [:], in directory: TemporaryDirectory? = nil,
        limit: Duration = .seconds(60)
    ) throws {
        self.directory = try directory ?? TemporaryDirectory()
        let pipes = try [Pipe(), Pipe()]
        var options = SpawnOptions()
        options.ownGroup = true
        // The program opens the pipes by name: spawning knows files only, and the descriptors themselves close when the program starts.
        options.standardOutput = "/dev/fd/\(pipes[0].writeEnd)"
        options.standardError = "/dev/fd/\(pipes[1].writeEnd)"
        // Commands in front of the program, each of which turns into the next one: the process stays the same.
        var command = ["-c", "cd \"$1\" && shift && exec \"$@\"", "sh", self.directory.path, "env"]
        for (name, value) in environment { command += value.map { _ in [] } ?? ["-u", name] }
        for (name, value) in environment { command += value.map { ["\(name)=\($0)"] } ?? [] }
        command.append("TMPDIR=\(self.directory.path)")
        process = try spawn("sh", command + [program] + arguments, options: options)
        progress = Progress(command: ([program] + arguments).joined(separator: " "), limit: limit)
        for pipe in pipes { close(pipe.writeEnd) }
        try follow(pipes)
    }

    deinit {
        if progress.read({ $0.status == nil }) { kill(-process, SIGKILL) }
    }

    /// Follows the program to its end, on threads of their own: one a stream, and one for the process.
    private func follow(_ pipes: [Pipe]) throws {
        let (process, progress) = (process, progress)
        for (index, pipe) in pipes.enumerated() {
            try startThread {
                var buffer = [UInt8](repeating: 0, count: 1 << 16)
                while true {
                    let count = read(pipe.readEnd, &buffer, buffer.count)
                    if count > 0 { progress.change { $0.text[index] += buffer[..<count] } }
                    if count == 0 || (count < 0 && errno != EINTR) { break }
                }
                close(pipe.readEnd)
                progress.change { $0.openStreams -= 1 }
            }
        }
        try startThread {
            let status = try? wait(for: process)
            progress.change { $0.status = status ?? .exited(-1) }
        }
        DispatchQueue.global().asyncAfter(deadline: .now() + .milliseconds(progress.limitMilliseconds)) { [weak progress] in
            guard let progress, progress.read({ !$0.isOver }) else { return }
            for child in childProcesses(of: process) { kill(child, SIGKILL) }
            if progress.read({ $0.status == nil }) { kill(-process, SIGKILL) }
            progress.change { $0.isOverdue = true }
        }
    }

    /// Waits for a whole line that contains a text, and returns the first one.
    ///
    /// - Throws: ``ProgramFailure`` when the program ends, or its time is over, without it.
    package func line(containing text: String, on stream: Stream = .errors) async throws -> String {
        let line: String?? = await progress.wait { state in
            let lines = state.string(stream).split(separator: "\n", omittingEmptySubsequences: false).dropLast()
            if let line = lines.first(where: { $0.contains(text) }) { return .some(String(line)) }
            return state.isOver || state.isOverdue ? .some(nil) : nil
        }
        guard let line = line ?? nil else { throw failure("never printed a line with '\(text)'") }
        return line
    }

    /// Waits for the program to end and for everybody who writes to its streams to close them: its children too have ended then, or have let go.
    ///
    /// - Throws: ``ProgramFailure`` when that has not happened within the limit.
    package func finish() async throws -> FinishedProgram {
        let finished: FinishedProgram? = await progress.wait { state in
            if state.isOver, let status = state.status, !state.isOverdue {
                return FinishedProgram(status: status, output: state.string(.output), errors: state.string(.errors))
            }
            return state.isOverdue ? .some(nil) : nil
        }
        guard let finished else { throw failure("or a child of it was still running after \(progress.limitMilliseconds / 1000) s") }
        return finished
    }

    /// Sends a signal to the process alone.
    package func send(_ signal: Int32) { kill(process, signal) }

    /// The processes that it has started and that have not ended.
    package var children: [Int32] { childProcesses(of: process) }

    private func failure(_ what: String) -> ProgramFailure {
        let (status, output, errors) = progress.read { ($0.status, $0.string(.output), $0.string(.errors)) }
        let end = status.map { "It \($0)." } ?? "It had not ended."
        return ProgramFailure(description: "\(progress.command) \(what). \(end)\nStandard output:\n\(output)\nStandard error:\n\(errors)")
    }
}

/// A program that has ended, and what it wrote.
package struct FinishedProgram: Sendable {
    package let status: ExitStatus
    package let output: String
    package let errors: String
}

/// A program that did not do what a test waited for.
package struct ProgramFailure: Error, CustomStringConvertible {
    package let description: String
}

/// Runs a program to its end.
///
/// - Throws: ``ProgramFailure`` when it outlives its limit.
package func run(
    _ program: String, _ arguments: [String], environment: [String: String?] = [:], in directory: TemporaryDirectory? = nil,
    limit: Duration = .seconds(60)
) async throws -> FinishedProgram {
    try await Program(program, arguments, environment: environment, in: directory, limit: limit).finish()
}

/// What is known of a program, shared between the threads that follow it and the tests that wait for it.
private final class Progress: Sendable {
    struct State {
        /// What was written to each stream.
        var text: [[UInt8]] = [[], []]
        var openStreams = 2
        var status: ExitStatus?
        var isOverdue = false
        var waiting: [CheckedContinuation<Void, Never>] = []

        var isOver: Bool { openStreams == 0 && status != nil }

        func string(_ stream: Program.Stream) -> String { String(decoding: text[stream.rawValue], as: UTF8.self) }
    }

    let command: String
    let limitMilliseconds: Int
    private let state = Mutex(State())

    init(command: String, limit: Duration) {
        self.command = command
        limitMilliseconds = Int(limit / .milliseconds(1))
    }

    func read<Value: Sendable>(_ body: (State) -> Value) -> Value { state.withLock { body($0) } }

    /// Changes the state, and has everybody who waits look again.
    func change(_ body: (inout State) -> Void) {
        let waiting = state.withLock { state in
            body(&state)
            defer { state.waiting = [] }
            return state.waiting
        }
        for continuation in waiting { continuation.resume() }
    }

    /// Waits until `value` finds something.
    func wait<Value: Sendable>(for value: (State) -> Value?) async -> Value {
        while true {
            if let found = read(value) { return found }
            await withCheckedContinuation { continuation in
                let isThere = state.withLock { state in
                    if value(state) != nil { return true }
                    state.waiting.append(continuation)
                    return false
                }
                if isThere { continuation.resume() }
            }
        }
    }
}

/// Both ends of a pipe, which no program that is started inherits.
private struct Pipe {
    let readEnd: Int32
    let writeEnd: Int32

    init() throws(ProgramFailure) {
        var ends: [Int32] = [0, 0]
        guard pipe(&ends) == 0, ends.allSatisfy({ fcntl($0, F_SETFD, FD_CLOEXEC) == 0 }) else {
            throw ProgramFailure(description: "No pipe for a program's output: \(String(cString: strerror(errno))).")
        }
        (readEnd, writeEnd) = (ends[0], ends[1])
    }
}
