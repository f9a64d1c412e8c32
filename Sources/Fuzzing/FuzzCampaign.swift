import Files
import Processes

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// Many cases of many targets, run in child processes, so that a crash ends a batch and not the campaign, and is told with the case that led to it.
package struct FuzzCampaign {
    /// Cases of a child process at most.
    private static let batchSize = 100_000

    let program: String
    let seed: UInt64
    let scratch: String
    /// Where the inputs of failed cases go.
    let failures: String

    /// - Parameters:
    ///   - program: This very program, which children run.
    ///   - scratch: A directory for files that are of no use afterwards.
    ///   - failures: The directory that the inputs of failed cases are written to.
    package init(program: String, seed: UInt64, scratch: String, failures: String) {
        self.program = program
        self.seed = seed
        self.scratch = scratch
        self.failures = failures
        // Stops at the first fault, takes a large allocation for one, and reports memory that is lost.
        setenv("ASAN_OPTIONS", "detect_leaks=1:max_allocation_size_mb=256:hard_rss_limit_mb=2048:allocator_may_return_null=0", 0)
        setenv("SWIFT_BACKTRACE", "enable=no", 0)
    }

    /// Each target's part of `cases`, at least one case each.
    package static func shares(of cases: Int, among targets: [any FuzzTarget]) -> [Int] {
        let total = targets.reduce(0) { $0 + $1.share }
        return targets.map { max(1, (cases * $0.share + total - 1) / total) }
    }

    /// Runs cases 0..<`count` of a target.
    ///
    /// - Throws: ``FuzzFailure`` with the first case that crashes or has a finding.
    package func run(target: String, count: Int) throws -> FuzzTally {
        var tally = FuzzTally()
        for first in stride(from: 0, to: count, by: Self.batchSize) {
            tally.add(try runBatch(target: target, first: first, count: min(Self.batchSize, count - first)))
        }
        return tally
    }

    private func runBatch(target: String, first: Int, count: Int) throws -> FuzzTally {
        let progress = try FuzzProgress(path: "\(scratch)/progress")
        progress.index = UInt64(first)
        var options = SpawnOptions()
        options.standardOutput = "\(scratch)/output"
        options.standardError = "\(scratch)/errors"
        let arguments = ["--target", target, "--seed", "\(seed)", "--cases", "\(count)", "--first", "\(first)", "--scratch", scratch]
        let status = try wait(for: spawn(program, arguments, options: options))
        if status == .exited(0), let tally = FuzzTally(line: try contents(of: "\(scratch)/output")) { return tally }
        let inputs = try reproduce(target: target, index: progress.index)
        throw FuzzFailure(
            target: target, seed: seed, index: progress.index, batch: first, status: status,
            messages: try contents(of: "\(scratch)/errors"),
            inputs: inputs)
    }

    /// Runs a failed case again alone, with its inputs written to a file.
    private func reproduce(target: String, index: UInt64) throws -> String {
        let path = "\(failures)/fuzz-\(target)-\(seed)-\(index).txt"
        var options = SpawnOptions()
        options.standardOutput = path
        options.standardError = "\(scratch)/again"
        _ = try wait(for: spawn(program, ["--reproduce", target, "\(seed)", "\(index)", "--scratch", scratch], options: options))
        return path
    }
}

/// A case that failed.
package struct FuzzFailure: Error, CustomStringConvertible {
    let target: String
    let seed: UInt64
    let index: UInt64
    let batch: Int
    let status: ExitStatus
    /// What the child process wrote to standard error.
    let messages: String
    /// The file with the inputs.
    let inputs: String

    package var description: String {
        """
        \(target): case \(index) of seed \(seed) failed; the process \(status).
        \(messages.prefix(4000))
        Its inputs: \(inputs)
        Again:      scripts/fuzz --reproduce \(target) \(seed) \(index)
        If it passes alone, with the cases before it: scripts/fuzz --target \(target) --seed \(seed) --first \(batch) --cases \(index - UInt64(batch) + 1)
        """
    }
}

/// A small file's text.
private func contents(of path: String) throws(FileError) -> String { String(decoding: try readFile(path), as: UTF8.self) }
