import ArgumentParser

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
