import ArgumentParser
import CNNCore
import CPUFeatures
import Checkpoints
import Coordinator
import Datasets
import Logging
import Processes
import Reports
import Studies
import Tracing
import TrainingProtocol
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
    let options: RunOptions
    /// Where workers from elsewhere may come.
    let endpoints: [String]
    /// Workers to start on this machine.
    let localWorkers: Int

    private static let signals = [SIGINT, SIGTERM, SIGHUP, SIGCHLD]

    /// Trains a study, prints and writes its results.
    ///
    /// - Throws: whatever stands in the way, as an error whose description is a sentence for the user; `ExitCode` when that has been printed already.
    func begin(_ options: StudyOptions) throws {
        let start = ContinuousClock.now
        let logger = makeLogger(quiet: self.options.quiet)
        let study = try options.study()
        warnOfOpenEndpoints(logger)
        let directory = try options.out.map { try RunDirectory(out: $0) } ?? RunDirectory(for: study.name)
        do {
            let located = try options.data.locate()
            let record = RunRecord(
                version: minishardVersion, run: String(UInt64.random(in: .min ... .max), radix: 16), study: study.name,
                experiments: study.experiments.map(\.name), seeds: [options.seed], epochs: options.epochs,
                data: located.source.absoluteArgument, dataName: located.dataset.name, dataSHA256: located.dataset.sha256,
                profile: TrainingProtocol.profile, acceptedProfiles: options.acceptProfile)
            try train(TrainingRun(record, study: study, on: located.dataset, in: directory), since: start, logger)
        } catch {
            directory.removeIfEmpty()
            throw error
        }
    }

    /// Continues a run that was begun, and ends as ``begin(_:)`` does.
    func resume(_ path: String, data: DataOptions) throws {
        let start = ContinuousClock.now
        let logger = makeLogger(quiet: options.quiet)
        let directory = try RunDirectory(begun: path)
        let lock = try directory.lock()
        let record = try directory.record()
        if directory.isComplete {
            try directory.removeCheckpoints()
            writeToStandardError("minishard: The run in \(directory.path) is complete: its results are in \(directory.results).\n")
            if options.json { try printNow(directory.resultsDocument(), terminator: "") }
            return
        }
        warnOfOpenEndpoints(logger)
        let study = try record.checkedStudy(in: directory)
        let dataset = try record.dataset(from: data, in: directory)
        try train(
            TrainingRun(continuing: record, study: study, on: dataset, in: directory, lock: lock, logger), since: start, logger)
    }

    private func warnOfOpenEndpoints(_ logger: Logger) {
        for endpoint in endpoints where (try? Endpoint(endpoint))?.isLoopback == false {
            logger.warning("Traffic on \(endpoint) is neither encrypted nor authenticated: listen on a network you trust only.")
        }
    }

    private func train(_ run: TrainingRun, since start: ContinuousClock.Instant, _ logger: Logger) throws {
        var run = run
        defer { withExtendedLifetime(run) {} }
        let (jobs, dataset, directory) = (run.jobs, run.dataset, run.directory)
        let sockets = localWorkers > 0 ? try SocketDirectory() : nil
        defer { sockets?.remove() }
        let localEndpoint = sockets?.endpoint

        let traceFile = try options.trace.map { try TraceFile(path: $0) }
        let recorder = traceFile.map { _ in TraceRecorder() }
        let instructionSet = try InstructionSet.best()
        var settings = CoordinatorSettings(run: UInt64.random(in: .min ... .max), instructionSet: instructionSet)
        settings.checkpointInterval = options.checkpointInterval.duration
        settings.patience = options.patience(standard: localWorkers > 0 ? 60 : .infinity)
        settings.auditShare = options.auditShare
        settings.sharesCores = localWorkers >= Int(cpu_available_cores())
        settings.acceptedProfiles += run.record.acceptedProfiles
        if !run.record.acceptedProfiles.isEmpty {
            logger.warning("Workers of other arithmetic are taken: the weights will not be those of a run without them, bit for bit.")
        }
        SignalWatcher.block(Self.signals)
        let shell = try CoordinatorShell(
            endpoints: (localEndpoint.map { [$0] } ?? []) + endpoints, jobs: jobs, dataset: dataset, localWorkers: localWorkers,
            settings: settings, states: run.states, logger: logger, trace: recorder)
        for endpoint in shell.endpoints where endpoint != localEndpoint { logger.info("listening on \(endpoint)") }

        let writer = try CheckpointWriter(run.prepareCheckpoints()) { logger.warning("\($0)") }

        let children = try Children()
        let interruption = Interruption()
        defer { children.killAll() }
        let supervisor = WorkerSupervisor(children: children, program: try executablePath(), logger: logger)
        try watch(supervisor, shell.handle, interruption) {
            children.killAll()
            sockets?.remove()
        }
        if let localEndpoint {
            for number in 0..<localWorkers {
                let trace = traceFile.map { ["--trace", TraceFile.part(of: $0.path, number: number)] } ?? []
                try supervisor.start(["worker", "--connect", localEndpoint, "--lifeline", "--quiet"] + trace)
            }
        }

        var printer = try StudyPrinter(study: run.study, jobs: jobs, dataset: dataset, options: options)
        if let firstBatch = jobs.first.map({ FirstBatch(of: $0, in: dataset) }) {
            printer.printStart(firstBatch, instructionSet: instructionSet, logger)
            try directory.write(firstBatch.sampleSheet)
        }
        // With its end the coordinator gives its memory back, while the files are still being written.
        let end = try (consume shell).run(
            observer: { printer.observe($0, since: start, directory: directory, logger) },
            checkpoint: { job, state in writer.write(state, job: job) })
        supervisor.stop()
        let checkpoints = Result { try writer.finish() }
        children.waitForAll(limit: .seconds(2))
        let files = Result { try printer.finishFiles() }
        // What cannot be kept of a trace must not cost the study's results.
        let trace = Result {
            guard let traceFile, let recorder else { return }
            try traceFile.write(
                [recorder.events(process: getpid(), name: "coordinator")],
                joining: (0..<localWorkers).map { TraceFile.part(of: traceFile.path, number: $0) })
        }

        if case .stopped(let reason) = end { try stop(reason, interruption, directory, checkpoints: checkpoints, others: [files, trace]) }
        try files.get()
        let results = StudyResults(
            study: run.study, dataset: dataset, version: minishardVersion, workers: printer.workers,
            wallSeconds: seconds(ContinuousClock.now - start), runs: printer.finishedRuns)
        try directory.write(results)
        try directory.removeCheckpoints()
        try printer.printResults(results, directory: directory)
        try trace.get()
        if printer.failedRuns > 0 { throw ExitCode.failure }
    }

    /// Listens to signals from now on: the first SIGINT, SIGTERM or SIGHUP ends the study, a second one the process; a child's end is passed on.
    ///
    /// - Parameter cleanUp: Called before the process ends at once.
    private func watch(
        _ supervisor: WorkerSupervisor, _ handle: CoordinatorHandle, _ interruption: Interruption, cleanUp: @escaping @Sendable () -> Void
    ) throws {
        let isAlone = endpoints.isEmpty
        try SignalWatcher.start(Self.signals) { signal in
            if signal == SIGCHLD {
                supervisor.takeEnded { process, cause in
                    handle.processEnded(process, cause: cause)
                } giveUp: { reason in
                    if isAlone { handle.stop("\(reason) Nobody else can come.") }
                }
            } else if interruption.note(signal) {
                supervisor.stop()
                handle.stop("Interrupted by signal \(signal).")
            } else {
                cleanUp()
                _exit(ExitCode.signal(signal).rawValue)
            }
        }
    }

    private func stop(
        _ reason: String, _ interruption: Interruption, _ directory: RunDirectory, checkpoints: Result<Void, any Error>,
        others: [Result<Void, any Error>]
    ) throws -> Never {
        var sentences = [reason]
        if case .failure(let error) = checkpoints {
            sentences.append("\(error) What was trained since the one before will be trained again.")
        }
        for case .failure(let error) in others { sentences.append("\(error)") }
        sentences.append("To continue: minishard resume \(directory.path)")
        writeToStandardError("minishard: \(sentences.joined(separator: " "))\n")
        throw interruption.signal == nil ? ExitCode.unavailable : ExitCode.interrupted
    }

}
