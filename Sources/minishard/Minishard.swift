import ArgumentParser

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// The version that `--version` and the results name.
let minishardVersion = "0.1.0"

@main
struct Minishard: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "minishard",
        abstract: "Trains small convolutional networks data-parallel over many processes, exact to the last bit.",
        discussion: """
            A coordinator process cuts each mini-batch into shards, worker processes compute their gradients, and the coordinator adds them up \
            and applies Adam to their mean. The same seed gives the same weights, whatever the number of workers.

            Results go to standard output, logs to standard error. Exit codes: 0 done, 1 failed, 64 wrong usage, 69 nobody at the other end, \
            75 interrupted and to be continued by minishard resume, 128 and the signal's number interrupted twice.
            """,
        version: minishardVersion,
        subcommands: [
            StudyCommand.self, CoordinatorCommand.self, WorkerCommand.self, ResumeCommand.self, VerifyCommand.self, SamplesCommand.self,
            BenchCommand.self, SimulateCommand.self,
        ])

    static func main() {
        // Writing to a closed pipe is an error like others, not a reason to die without ending the workers.
        signal(SIGPIPE, SIG_IGN)
        main(nil)
    }
}
