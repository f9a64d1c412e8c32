import ArgumentParser
import Benchmarks
import CNNCore
import Datasets
import FileFormats
import Reports

/// `minishard bench`: what the program's parts can do on this machine.
struct BenchCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "bench", abstract: "Measure the program on this machine; scripts/bench measures all of it.",
        subcommands: [BenchKernelsCommand.self, BenchDigitsCommand.self])
}

/// `minishard bench kernels`.
struct BenchKernelsCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "kernels",
        abstract: "Time every kernel on one core, against the core's peak of fused multiply-adds.",
        discussion: """
            Operations are counted as the direct algorithms need them, so a kernel that does with fewer has a higher effective rate than it \
            computes at, and may exceed the peak. Times are the best of several batches.
            """)

    @Option(help: "Vector instructions to measure. (default: the processor's best)")
    var instructionSet: InstructionSet?

    @Flag(help: "Print JSON.")
    var json = false

    mutating func validate() throws {
        if let instructionSet, !instructionSet.isSupported {
            throw ValidationError("This machine's processor has no \(instructionSet.rawValue).")
        }
    }

    func run() throws {
        let report = try KernelBenchmark(instructionSet: try instructionSet ?? .best()).run()
        try printNow(json ? JSON(encoding: report).indentedText : Self.table(report))
    }

    private static func table(_ report: KernelReport) -> String {
        var lines = [
            "\(report.instructionSet): peak \(fixed(report.peakGigaflops, 1)) GFLOP/s on one core, fp32 fused multiply-adds in registers"
        ]
        for model in report.models {
            lines += ["", line(model.name, "us a", "", "effective GFLOP/s", "of peak")]
            lines += model.rows.map { row in
                line(
                    "  " + row.name, fixed(row.microseconds, 2), row.unit.rawValue, row.gigaflops.map { fixed($0, 1) } ?? "",
                    row.shareOfPeak.map { fixed($0 * 100, 1) + " %" } ?? "")
            }
            lines.append("  cost of exactness: \(fixed(model.costOfExactness * 100, 2)) % of a step")
        }
        return lines.joined(separator: "\n")
    }

    private static func line(_ name: String, _ time: String, _ unit: String, _ rate: String, _ share: String) -> String {
        padded(name, to: 30) + padded(time, to: 10, alignRight: true) + " " + padded(unit, to: 8)
            + padded(rate, to: 18, alignRight: true) + padded(share, to: 10, alignRight: true)
    }
}

/// `minishard bench digits`: the synthetic digits as files, for the programs that Minishard is compared with.
struct BenchDigitsCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "digits", abstract: "Write the synthetic digits as MNIST's four IDX files, for other programs to read.")

    @Argument(help: "Directory to write to.")
    var directory: String

    func run() throws {
        try DatasetDirectory.write(SyntheticDigits.dataset(), to: directory)
    }
}
