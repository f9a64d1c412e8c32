import ArgumentParser

/// How a study is run, whether it is begun or continued.
struct RunOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "Keep each run's state on disk this often, so that minishard resume loses no more; off for never.", valueName: "seconds"))
    var checkpointInterval = CheckpointInterval.standard

    @Option(
        help: ArgumentHelp(
            "How long to wait when there is no worker, before the run ends with exit code 69; inf for ever. (default: 60 with workers on this machine, else inf)",
            valueName: "seconds"))
    var patience: Double?

    @Option(
        help: ArgumentHelp(
            "The share of the pieces of work that are computed twice, by different workers, and compared: 0 to 1.", valueName: "share"))
    var auditShare = 0.005

    @Option(
        help: ArgumentHelp(
            "Write what each process did, and when, to a file that chrome://tracing and ui.perfetto.dev show.", valueName: "file"))
    var trace: String?

    @Flag(help: "Print results.json to standard output, and the epochs' lines to standard error.")
    var json = false

    @Flag(help: "Print no lines for the epochs, and log warnings only.")
    var quiet = false

    /// How long to wait without workers, where `standard` seconds are usual; nil for ever.
    func patience(standard: Double) -> Duration? {
        let seconds = patience ?? standard
        return seconds < 1e9 ? .seconds(seconds) : nil
    }

    mutating func validate() throws {
        guard patience.map({ $0 >= 0 }) ?? true else {
            throw ValidationError("--patience is \(patience ?? 0); it must be a number of seconds, 0 or more, or inf.")
        }
        guard (0...1).contains(auditShare) else { throw ValidationError("--audit-share is \(auditShare); it must be 0 to 1.") }
    }
}
