import ArgumentParser
import CNNCore
import CPUFeatures
import Checkpoints
import Coordinator
import Datasets
import Processes
import Reports
import Studies
import Synchronization
import Verification

/// `minishard verify`: computes a run again and compares it with its records.
struct VerifyCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "verify",
        abstract: "Compute a run again, alone and without workers, and compare every step and every file with its records.",
        discussion: "Exit codes: 0 all is what the training gives, 1 something is not; the first difference of each run is named.")

    @Argument(help: ArgumentHelp("The run's directory: that of --out, or one in runs/.", valueName: "directory"))
    var directory: String

    @OptionGroup var data: DataOptions

    @Option(help: ArgumentHelp("Only the run of this experiment.", valueName: "name"))
    var experiment: String?

    @Option(help: "Only the runs with this seed.")
    var seed: UInt64?

    @Option(help: ArgumentHelp("Only this training step, from 1.", valueName: "number"))
    var step: Int?

    @Option(help: ArgumentHelp("Only this epoch, from 1.", valueName: "number"))
    var epoch: Int?

    private static let largestNumber = 1_000_000_000

    mutating func validate() throws {
        guard step == nil || epoch == nil else { throw ValidationError("--step and --epoch exclude each other.") }
        for (name, value) in [("--step", step), ("--epoch", epoch)] {
            guard let value else { continue }
            guard (1...Self.largestNumber).contains(value) else {
                throw ValidationError("\(name) is \(value); it must be 1 to \(Self.largestNumber).")
            }
        }
    }

    private var scope: JobVerification.Scope { step.map { .step($0) } ?? epoch.map { .epoch($0) } ?? .whole }

    func run() throws {
        let directory = try RunDirectory(begun: directory)
        let record = try directory.record()
        let study = try record.checkedStudy(in: directory)
        let dataset = try record.dataset(from: data, in: directory)
        let all = try TrainingRun(record, study: study, on: dataset, in: directory)
        let jobs = all.jobs
        let chosen = jobs.indices.filter { isChosen(jobs[$0]) }
        guard !chosen.isEmpty else {
            let names = jobs.map { "\($0.experiment) with seed \($0.seed)" }.joined(separator: ", ")
            throw RecordedRunError("The run in \(directory.path) has no such part; it has \(names).")
        }
        let verification = JobVerification(directory, study: study, dataset: dataset, instructionSet: try .best())
        let progress = Mutex<(findings: [Int: JobVerification.Finding], output: Result<Void, OutputError>)>(([:], .success(())))
        let states = all.lastStates()
        let scope = scope
        TaskList(count: chosen.count) { index in
            let job = jobs[chosen[index]]
            do {
                let finding = try verification.verify(job, scope, checkpoint: states[chosen[index]].get())
                report("\(job.experiment), seed \(job.seed): \(finding.sentence)", finding)
            } catch {
                report("\(job.experiment), seed \(job.seed): NOT VERIFIED: \(error)", nil)
            }
            func report(_ line: String, _ finding: JobVerification.Finding?) {
                progress.withLock { progress in
                    progress.findings[index] = finding
                    do throws(OutputError) { try printNow(line) } catch { progress.output = .failure(error) }
                }
            }
        }.run(threads: Int(cpu_available_cores()))
        let (found, output) = progress.withLock { $0 }
        try output.get()
        guard found.count == chosen.count else { throw ExitCode.failure }
        let runs = chosen.indices.compactMap { found[$0]?.run }
        if directory.isComplete, runs.count == jobs.count {
            if let name = try directory.differingResults(runs, study: study, dataset: dataset) {
                try printNow("\(name): NOT VERIFIED: it is not what these runs come to.")
                throw ExitCode.failure
            }
            try printNow("results.csv and results.json are what these runs come to.")
        }
    }

    private func isChosen(_ job: TrainingJob) -> Bool {
        (experiment == nil || experiment == job.experiment) && (seed == nil || seed == job.seed)
    }
}
