import ArgumentParser
import CNNCore
import Logging
import Processes
import Tracing
import Transport
import Worker

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

extension InstructionSet: ExpressibleByArgument {}

/// `minishard worker`: joins a coordinator and computes gradients for it.
struct WorkerCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "worker",
        abstract: "Compute gradients for a coordinator, which may start before or after; ends when it has no more work.")

    @Option(help: ArgumentHelp("Where the coordinator listens: tcp://ADDRESS:PORT or ipc://PATH.", valueName: "endpoint"))
    var connect: String

    @Option(help: "Worker processes to run.")
    var workers = 1

    @Option(help: ArgumentHelp("End after so long without a coordinator; inf to wait for ever.", valueName: "seconds"))
    var giveUpAfter = 60.0

    @Option(help: "Vector instructions to compute with; all give the same bits. (default: the processor's best)")
    var instructionSet: InstructionSet?

    @Option(
        help: ArgumentHelp(
            "Write what the worker did, and when, to a file that chrome://tracing and ui.perfetto.dev show.", valueName: "file"))
    var trace: String?

    @Flag(help: "Log warnings only.")
    var quiet = false

    @Flag(help: .hidden)
    var lifeline = false

    private static let signals = [SIGINT, SIGTERM, SIGHUP]

    mutating func validate() throws {
        guard (1...1024).contains(workers) else { throw ValidationError("--workers is \(workers); it must be 1 to 1024.") }
        guard giveUpAfter >= 0 else {
            throw ValidationError("--give-up-after is \(giveUpAfter); it must be a number of seconds, 0 or more.")
        }
        if let instructionSet, !instructionSet.isSupported {
            throw ValidationError("This machine's processor has no \(instructionSet.rawValue).")
        }
        guard trace == nil || workers == 1 else { throw ValidationError("--trace follows one worker: leave --workers at 1.") }
        do { _ = try Endpoint(connect) } catch { throw ValidationError("\(error)") }
    }

    func run() throws {
        if workers > 1 { try runMany() } else { try runOne() }
    }

    private func runOne() throws {
        SignalWatcher.block(Self.signals)
        let logger = makeLogger(quiet: quiet)
        logger.info("looking for a coordinator at \(connect)")
        let traceFile = try trace.map { try TraceFile(path: $0) }
        let recorder = traceFile.map { _ in TraceRecorder() }
        let shell = try WorkerShell(
            endpoint: connect, instructionSet: try instructionSet ?? .best(), giveUpAfter: giveUpAfter < 1e9 ? .seconds(giveUpAfter) : nil,
            lifeline: lifeline ? Lifeline.childDescriptor : nil, logger: logger, trace: recorder)
        let handle = shell.handle
        try SignalWatcher.start(Self.signals) { handle.leave("Ended by signal \($0).") }
        let end = try shell.run()
        // What cannot be kept of a trace must not cost the reason for the end.
        let trace = Result {
            if let traceFile, let recorder { try traceFile.write([recorder.events(process: getpid(), name: "worker")]) }
        }
        if case .failure(let error) = trace { writeToStandardError("minishard: \(error)\n") }
        switch end {
        case .stopped, .left: if case .failure = trace { throw ExitCode.failure }
        case .gaveUp(let sentence):
            writeToStandardError("minishard: \(sentence)\n")
            throw ExitCode.unavailable
        case .refused(let sentence):
            writeToStandardError("minishard: \(sentence)\n")
            throw ExitCode.failure
        }
    }

    /// Runs several workers as processes of their own; ends when they have ended, with the first exit code that is not 0.
    private func runMany() throws {
        SignalWatcher.block(Self.signals)
        let children = try Children()
        var arguments = ["worker", "--connect", connect, "--lifeline", "--give-up-after", "\(giveUpAfter)"]
        if let instructionSet { arguments += ["--instruction-set", instructionSet.rawValue] }
        if quiet { arguments += ["--quiet"] }
        let program = try executablePath()
        for _ in 0..<workers { try children.start(program, arguments) }
        try SignalWatcher.start(Self.signals) { _ in children.signalAll(SIGTERM) }
        for status in try children.waitForAll() {
            switch status {
            case .exited(0): break
            case .exited(let code): throw ExitCode(code)
            case .killed(let signal): throw ExitCode.signal(signal)
            }
        }
    }
}
