import ArgumentParser
import Datasets
import Studies

/// What to train on and what to leave behind: the options that `study` and `coordinator` share.
struct StudyOptions: ParsableArguments {
    @OptionGroup var data: DataOptions

    @Option(help: "Seed of the initial weights, the order of the samples and the dropout masks, as in torch.manual_seed.")
    var seed: UInt64 = 42

    @Option(help: "Passes over the training images.")
    var epochs = 5

    @Option(help: ArgumentHelp("Only these experiments, with commas between their names.", valueName: "names"))
    var only: String?

    @Option(help: ArgumentHelp("Directory for the results; must be empty or new. (default: runs/<time>-notebook)", valueName: "directory"))
    var out: String?

    @Option(
        help: ArgumentHelp(
            "Take workers with this arithmetic too, beside our own; the results then depend on who computed what. May be given more than once.",
            valueName: "profile"))
    var acceptProfile: [String] = []

    @OptionGroup var run: RunOptions

    /// The study that is asked for.
    ///
    /// - Throws: `StudyError` for an experiment that it does not have.
    func study() throws(StudyError) -> Study {
        try only.map { names throws(StudyError) in try Study.notebook.selecting(names) } ?? .notebook
    }

    mutating func validate() throws {
        guard epochs >= 1 else { throw ValidationError("--epochs is \(epochs); it must be at least 1.") }
        do { _ = try study() } catch { throw ValidationError("\(error)") }
    }
}

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

/// A number of seconds, or `off`.
struct CheckpointInterval: ExpressibleByArgument, CustomStringConvertible {
    static let standard = CheckpointInterval(seconds: 0.3)
    private static let longest = 1e6

    /// Nil for no checkpoints.
    private let seconds: Double?
    var duration: Duration? { seconds.map { .seconds($0) } }
    var description: String { seconds.map { "\($0)" } ?? "off" }

    private init(seconds: Double?) { self.seconds = seconds }

    init?(argument: String) {
        if argument == "off" {
            self.init(seconds: nil)
        } else if let seconds = Double(argument), (0...Self.longest).contains(seconds) {
            self.init(seconds: seconds)
        } else {
            return nil
        }
    }
}

/// Where the images come from.
struct DataOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "A directory with MNIST's four IDX files, gzipped or not; mnist to download them; or synthetic for digits that the program draws itself.",
            discussion: "Without it: MINISHARD_DATA, else the cached or downloaded MNIST, else the synthetic digits.",
            valueName: "directory|mnist|synthetic"))
    var data: String?

    /// Finds the data set, and says what has to be said about it.
    ///
    /// - Throws: `DatasetError` when it cannot be had.
    ///
    /// - Parameter fallback: What to take where no option says anything.
    func locate(else fallback: String? = nil) throws -> LocatedDataset {
        let located = try DatasetLocator { writeToStandardError("minishard: \($0)\n") }.locate(
            (data ?? fallback).map(DataSource.init(argument:)), classes: Study.classes, counts: Study.notebook.imagesNeeded)
        if let notice = located.notice { writeToStandardError("\(notice)\n") }
        return located
    }
}

/// Where the coordinator listens.
struct ListenOptions {
    static let help = ArgumentHelp(
        "Endpoint for workers to come to: tcp://ADDRESS:PORT (port * for any that is free) or ipc://PATH. May be given more than once.",
        valueName: "endpoint")
}
