import ArgumentParser

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
