import ArgumentParser
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
