import ArgumentParser
import CNNCore
import Coordinator
import Datasets
import Logging
import Processes
import Reports
import Studies
import Synchronization
import Tracing
import Transport

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// One study from its options to its results: data, results directory, coordinator, workers on this machine, and what is printed.
struct StudySession {
    let options: StudyOptions
    /// Where workers from elsewhere may come.
    let endpoints: [String]
    /// Workers to start on this machine.
    let localWorkers: Int

    private static let signals = [SIGINT, SIGTERM, SIGHUP, SIGCHLD]

    /// Trains the study, prints and writes its results.
    ///
    /// - Throws: whatever stands in the way, as an error whose description is a sentence for the user; `ExitCode` when that has been printed already.
    func run() throws {
        let start = ContinuousClock.now
        let logger = makeLogger(quiet: options.quiet)
        let study = try options.study()
        for endpoint in endpoints where try !Endpoint(endpoint).isLoopback {
            logger.warning("Traffic on \(endpoint) is neither encrypted nor authenticated: listen on a network you trust only.")
        }
        let directory = try options.out.map { try RunDirectory(out: $0) } ?? RunDirectory(for: study.name)
        do {
            try run(study, in: directory, since: start, logger)
        } catch {
            directory.removeIfEmpty()
            throw error
        }
    }

    private func run(_ study: Study, in directory: RunDirectory, since start: ContinuousClock.Instant, _ logger: Logger) throws {
        let dataset = try options.data.locate()
        let jobs = try study.jobs(on: dataset, seeds: [options.seed], epochs: options.epochs)
        let socketDirectory = localWorkers > 0 ? try makeTemporaryDirectory() : nil
        defer { if let socketDirectory { removeSocketDirectory(socketDirectory) } }
        let localEndpoint = socketDirectory.map { "ipc://\($0)/coordinator" }

        let traceFile = try options.trace.map { try TraceFile(path: $0) }
        let recorder = traceFile.map { _ in TraceRecorder() }
        let instructionSet = try InstructionSet.best()
        var settings = CoordinatorSettings(run: UInt64.random(in: .min ... .max), instructionSet: instructionSet)
        settings.acceptedProfiles += options.acceptProfile
        if !options.acceptProfile.isEmpty {
            logger.warning("Workers of other arithmetic are taken: the weights will not be those of a run without them, bit for bit.")
        }
        SignalWatcher.block(Self.signals)
        let shell = try CoordinatorShell(
            endpoints: (localEndpoint.map { [$0] } ?? []) + endpoints, jobs: jobs, dataset: dataset, settings: settings, logger: logger,
            trace: recorder)
        for endpoint in shell.endpoints where endpoint != localEndpoint { logger.info("listening on \(endpoint)") }

        let children = try Children()
        let interruption = Interruption()
        defer { children.killAll() }
        try watch(children, shell.handle, interruption)
        if let localEndpoint {
            let program = try executablePath()
            for number in 0..<localWorkers {
                let trace = traceFile.map { ["--trace", TraceFile.part(of: $0.path, number: number)] } ?? []
                try children.start(program, ["worker", "--connect", localEndpoint, "--lifeline", "--quiet"] + trace)
            }
        }

        var printer = StudyPrinter(study: study, jobs: jobs, dataset: dataset, options: options)
        if let firstBatch = jobs.first.map({ FirstBatch(of: $0, in: dataset) }) {
            printer.printStart(firstBatch, instructionSet: instructionSet, logger)
            try directory.write(firstBatch.sampleSheet)
        }
        let end = try shell.run { printer.observe($0, since: start, directory: directory, logger) }
        children.waitForAll(limit: .seconds(5))
        if let traceFile, let recorder {
            try traceFile.write(
                [recorder.events(process: getpid(), name: "coordinator")],
                joining: (0..<localWorkers).map { TraceFile.part(of: traceFile.path, number: $0) })
        }

        if case .stopped(let reason) = end { try stop(reason, interruption) }
        if let error = printer.writeError { throw error }
        let results = StudyResults(
            study: study, dataset: dataset, version: minishardVersion, workers: printer.workers,
            wallSeconds: seconds(ContinuousClock.now - start), runs: printer.finishedRuns)
        try directory.write(results)
        try printer.printResults(results, directory: directory)
        if printer.failedRuns > 0 { throw ExitCode.failure }
    }

    /// Listens to signals from now on: the first SIGINT, SIGTERM or SIGHUP ends the study, a second one the process; a child's end is passed on.
    private func watch(_ children: Children, _ handle: CoordinatorHandle, _ interruption: Interruption) throws {
        let isAlone = endpoints.isEmpty
        try SignalWatcher.start(Self.signals) { signal in
            if signal == SIGCHLD {
                for (process, status) in children.takeEnded() { handle.processEnded(process, cause: "\(status)") }
                if isAlone, children.count == 0 { handle.stop("All worker processes have ended, and nobody else can come.") }
            } else if interruption.note(signal) {
                handle.stop("Interrupted by signal \(signal).")
            } else {
                children.killAll()
                _exit(128 + signal)
            }
        }
    }

    private func stop(_ reason: String, _ interruption: Interruption) throws -> Never {
        writeToStandardError("minishard: \(reason) No results were written; runs that had finished are in their folders.\n")
        throw interruption.signal.map(ExitCode.signal) ?? ExitCode.unavailable
    }

    private func removeSocketDirectory(_ path: String) {
        unlink("\(path)/coordinator")
        rmdir(path)
    }
}

/// The signal that was asked to end the study, if one was.
private final class Interruption: Sendable {
    private let first = Mutex<Int32?>(nil)

    var signal: Int32? { first.withLock { $0 } }

    /// Notes a signal; whether it is the first.
    func note(_ signal: Int32) -> Bool {
        first.withLock { first in
            guard first == nil else { return false }
            first = signal
            return true
        }
    }
}

/// A duration in seconds.
func seconds(_ duration: Duration) -> Double {
    Double(duration.components.seconds) + Double(duration.components.attoseconds) * 1e-18
}
