import ArgumentParser
import CNNCore
import Simulator

/// `minishard simulate`: the proof of exactness under faults, many schedules of them.
struct SimulateCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "simulate",
        abstract: "Train tiny studies under seeded schedules of faults, in one thread, and compare each result with the undisturbed one.",
        shouldDisplay: false)

    @Option(help: "Schedules to run.")
    var seeds: UInt64 = 1000

    @Option(help: "The first schedule's seed.")
    var first: UInt64 = 0

    @Flag(help: "Print what happens in each schedule.")
    var trace = false

    mutating func validate() throws {
        guard seeds >= 1, !first.addingReportingOverflow(seeds).overflow else {
            throw ValidationError("--seeds is \(seeds) from \(first) on; there must be at least 1, and none above 2^64 - 1.")
        }
    }

    func run() throws {
        let simulator = try Simulator(instructionSet: try .best())
        let clock = ContinuousClock()
        let start = clock.now
        var faults = 0
        for seed in first..<first + seeds {
            let report = try simulator.run(seed: seed, tracing: trace)
            faults += report.faults
            if trace { for line in report.trace { try printNow(line) } }
            guard let failure = report.failure else { continue }
            if !trace { for line in try simulator.run(seed: seed, tracing: true).trace { try printNow(line) } }
            try printNow("FAILED: seed \(seed): \(failure). Again with: scripts/simulate --first \(seed) --seeds 1 --trace")
            throw ExitCode.failure
        }
        let time = seconds(clock.now - start)
        try printNow(
            "\(seeds) schedules from seed \(first) on, \(faults) faults: every study ended, and with the same bits. "
                + "\(Int((time * 1e6 / Double(seeds)).rounded())) us a schedule.")
    }
}
