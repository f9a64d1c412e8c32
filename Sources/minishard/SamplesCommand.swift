import ArgumentParser
import Datasets
import Reports
import Studies

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// `minishard samples`: a first look at the data.
struct SamplesCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "samples",
        abstract: "Draw the first eight digits of the first mini-batch in the terminal, with their labels.")

    @OptionGroup var data: DataOptions

    @Option(help: "Seed of the order of the samples.")
    var seed: UInt64 = 42

    func run() throws {
        let dataset = try data.locate().dataset
        guard let job = try Study.notebook.jobs(on: dataset, seeds: [seed], epochs: 1).first else { return }
        let sheet = FirstBatch(of: job, in: dataset).sampleSheet
        var size = winsize()
        let columns = ioctl(STDOUT_FILENO, UInt(TIOCGWINSZ), &size) == 0 && size.ws_col > 0 ? Int(size.ws_col) : 80
        print(
            sheet.text(
                shades: TerminalShades(environment: environmentVariables(), isTerminal: isatty(STDOUT_FILENO) == 1), columns: columns))
    }

    /// The variables that decide on colours.
    private func environmentVariables() -> [String: String] {
        var variables: [String: String] = [:]
        for name in ["NO_COLOR", "TERM", "COLORTERM"] { variables[name] = getenv(name).map { String(cString: $0) } }
        return variables
    }
}
