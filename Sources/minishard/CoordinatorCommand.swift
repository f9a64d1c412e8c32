import ArgumentParser

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
