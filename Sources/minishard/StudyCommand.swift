import ArgumentParser
import CPUFeatures
import Transport

/// `minishard study`: coordinator and workers on this machine.
struct StudyCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "study",
        abstract: "Train the study's experiments side by side with workers on this machine, and print the table.")

    @OptionGroup var options: StudyOptions

    @OptionGroup var workers: WorkerOptions

    func run() throws {
        try StudySession(options: options.run, endpoints: workers.listen, localWorkers: workers.local).begin(options)
    }
}

/// `minishard coordinator`: the coordinator alone; workers are started by hand.
struct CoordinatorCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "coordinator",
        abstract: "Train the study's experiments with workers that others start: minishard worker --connect ENDPOINT.")

    @Option(help: ListenOptions.help)
    var listen: [String]

    @OptionGroup var options: StudyOptions

    mutating func validate() throws {
        guard !listen.isEmpty else { throw ValidationError("Name an endpoint to listen on: --listen tcp://127.0.0.1:5555, or ipc://PATH.") }
        try validateEndpoints(listen)
    }

    func run() throws {
        try StudySession(options: options.run, endpoints: listen, localWorkers: 0).begin(options)
    }
}

/// `minishard resume`: a study that was interrupted, continued.
struct ResumeCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "resume",
        abstract: "Continue a run that was interrupted or killed, to the same bits; with any number of workers.")

    @Argument(help: ArgumentHelp("The run's directory: that of --out, or one in runs/.", valueName: "directory"))
    var directory: String

    @OptionGroup var data: DataOptions
    @OptionGroup var options: RunOptions
    @OptionGroup var workers: WorkerOptions

    func run() throws {
        try StudySession(options: options, endpoints: workers.listen, localWorkers: workers.local).resume(directory, data: data)
    }
}

/// Who trains: workers of this process's own, and others that come.
struct WorkerOptions: ParsableArguments {
    @Option(help: "Worker processes to start on this machine. (default: one a core)")
    var workers: Int?

    @Option(help: ListenOptions.help)
    var listen: [String] = []

    /// Worker processes to start on this machine.
    var local: Int { workers ?? Int(cpu_available_cores()) }

    mutating func validate() throws {
        guard (0...1024).contains(local) else { throw ValidationError("--workers is \(local); it must be 0 to 1024.") }
        guard local > 0 || !listen.isEmpty else {
            throw ValidationError("With --workers 0 nobody would train: add --listen for workers elsewhere.")
        }
        try validateEndpoints(listen)
    }
}

/// Refuses what is no endpoint.
private func validateEndpoints(_ endpoints: [String]) throws {
    for endpoint in endpoints {
        do { _ = try Endpoint(endpoint) } catch { throw ValidationError("\(error)") }
    }
}
