import ArgumentParser
import Fuzzing
import Processes

// The standard streams are variables of the C library's that this program never changes.
#if canImport(Glibc)
    @preconcurrency import Glibc
#elseif canImport(Musl)
    @preconcurrency import Musl
#else
    import Darwin
#endif

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

@main
struct MinishardFuzz: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "scripts/fuzz",
        abstract: "Feed damaged input to everything that takes files or messages.",
        discussion: """
            Every case is a function of target, seed and index. The cases run in child processes; one that crashes, breaks a property, takes more than a \
            second or more memory than it may is named, its input is written to a file, and the exit code is 1.
            """)

    @Option(help: "Cases in all, shared out among the targets.")
    var cases = 1_000_000

    @Option(help: "A target to run instead of all of them; may be repeated.")
    var target: [String] = []

    @Option(help: "Seed of the cases.")
    var seed: UInt64 = 1

    @Option(
        parsing: .upToNextOption, help: ArgumentHelp("Run one case, and print its input in hexadecimal.", valueName: "target seed index"))
    var reproduce: [String] = []

    @Option(help: "Directory for the inputs of failed cases.")
    var failures = "."

    @Flag(help: "List the targets.")
    var list = false

    @Option(help: ArgumentHelp("Run the cases of one target from this one on, in this process.", visibility: .hidden))
    var first: UInt64?

    @Option(help: ArgumentHelp("Directory for files that are of no use afterwards.", visibility: .hidden))
    var scratch: String?

    mutating func validate() throws {
        guard cases >= 1 else { throw ValidationError("--cases is \(cases); it must be at least 1.") }
        guard first == nil || target.count == 1 else { throw ValidationError("--first needs one --target.") }
        guard reproduce.isEmpty || (reproduce.count == 3 && UInt64(reproduce[1]) != nil && UInt64(reproduce[2]) != nil) else {
            throw ValidationError("--reproduce needs a target, a seed and the case's index, such as --reproduce json 1 4711.")
        }
    }

    func run() throws {
        guard let scratch else {
            let directory = try makeTemporaryDirectory()
            defer { try? FileManager.default.removeItem(atPath: directory) }
            return try run(in: directory)
        }
        try run(in: scratch)
    }

    private func run(in scratch: String) throws {
        if list {
            for target in try fuzzTargets(scratch: scratch) { print(target.name) }
        } else if reproduce.count == 3, let seed = UInt64(reproduce[1]), let index = UInt64(reproduce[2]) {
            let target = try find(reproduce[0], scratch)
            let tally = try runHere(FuzzBatch(target: target, seed: seed, cases: index..<index + 1), trace: printInput)
            print("The case passes: its input was \(tally.accepted > 0 ? "accepted" : "refused").")
        } else if let first {
            let progress = try FuzzProgress(path: "\(scratch)/progress")
            let batch = FuzzBatch(target: try find(target[0], scratch), seed: seed, cases: first..<first + UInt64(cases))
            print(try runHere(batch, begin: { progress.index = $0 }).line)
        } else {
            try runCampaign(in: scratch)
        }
    }

    /// Runs a batch in this process, within limits.
    private func runHere(_ batch: FuzzBatch, trace: Trace? = nil, begin: (UInt64) -> Void = { _ in }) throws -> FuzzTally {
        FuzzBatch.limitMemory()
        do {
            return try batch.run(trace: trace, begin: begin)
        } catch {
            fputs("FOUND: \(error)\n", stderr)
            throw ExitCode.failure
        }
    }

    private func runCampaign(in scratch: String) throws {
        let all = try fuzzTargets(scratch: scratch)
        let targets = target.isEmpty ? all : try target.map { try find($0, scratch) }
        let campaign = FuzzCampaign(program: try executablePath(), seed: seed, scratch: scratch, failures: failures)
        let checks = FuzzBatch.isSanitized ? "the address sanitizer and Swift's own checks" : "Swift's own checks"
        print("Fuzzing with seed \(seed) under \(checks).")
        var sum = FuzzTally()
        let clock = ContinuousClock()
        let start = clock.now
        for (target, share) in zip(targets, FuzzCampaign.shares(of: cases, among: targets)) {
            let start = clock.now
            let tally: FuzzTally
            do {
                tally = try campaign.run(target: target.name, count: share)
            } catch {
                print(error)
                throw ExitCode.failure
            }
            print(Self.line(target.name, tally, clock.now - start))
            fflush(stdout)
            sum.add(tally)
        }
        print(Self.line("all", sum, clock.now - start))
    }

    private static func line(_ name: String, _ tally: FuzzTally, _ duration: Duration) -> String {
        let name = name + String(repeating: " ", count: max(0, 20 - name.count))
        return "\(name) \(tally.cases) cases, \(tally.accepted) accepted, \(tally.refused) refused, \(Int(duration / .seconds(1))) s; "
            + "slowest \((tally.slowest.seconds * 1e6).rounded() / 1e3) ms (case \(tally.slowest.index)), peak memory \(tally.peakMemory >> 20) MB"
    }

    private func find(_ name: String, _ scratch: String) throws -> any FuzzTarget {
        if let planted = PlantedFault(rawValue: name) { return planted }
        let targets = try fuzzTargets(scratch: scratch)
        guard let target = targets.first(where: { $0.name == name }) else {
            throw ValidationError("There is no target '\(name)'; there are \(targets.map(\.name).joined(separator: ", ")).")
        }
        return target
    }
}

/// Prints an input in hexadecimal, frame by frame, at once: what follows may crash.
private func printInput(_ what: String, _ frames: [[UInt8]]) {
    print("\(what): \(frames.count) frames")
    for (index, frame) in frames.enumerated() {
        print("  \(index): \(frame.count) bytes " + frame.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined())
    }
    fflush(stdout)
}
