import CNNCore
import Coordinator
import Datasets
import Logging
import Processes
import Reports
import Studies

/// Follows a study's training: prints its lines as they come, has each finished run written on a thread of its own, and keeps what the results need.
struct StudyPrinter {
    private let study: Study
    private let jobs: [TrainingJob]
    private let dataset: Dataset
    private let options: RunOptions
    private let lines: RunLines
    /// Finished runs by their job.
    private var finished: [Int: FinishedRun] = [:]
    /// Runs that ended without a result.
    private(set) var failedRuns = 0
    private var hasTrained = false
    /// The most workers that trained at a time.
    private(set) var workers = 0
    /// Writes runs' files: training does not wait for the disk.
    private let files: BackgroundQueue

    init(study: Study, jobs: [TrainingJob], dataset: Dataset, options: RunOptions) throws {
        self.study = study
        self.jobs = jobs
        self.dataset = dataset
        self.options = options
        lines = RunLines(jobs)
        files = try BackgroundQueue()
    }

    /// The finished runs in the order of the jobs.
    var finishedRuns: [FinishedRun] { jobs.indices.compactMap { finished[$0] } }

    /// Prints what is about to be trained, and the notebook's checks of the first network.
    func printStart(_ firstBatch: FirstBatch, instructionSet: InstructionSet, _ logger: Logger) {
        logger.info("data set: \(dataset.name); runs: \(jobs.count); seed: \(firstBatch.job.seed); epochs: \(firstBatch.job.epochs)")
        guard !options.quiet else { return }
        let logits = firstBatch.logits(instructionSet: instructionSet)
        let logitsShape = [logits.count, logits.first?.count ?? 0]
        for line in checkLines(firstBatch.job.model, imagesShape: firstBatch.imagesShape, logitsShape: logitsShape) { printProgress(line) }
    }

    /// Takes in what happened.
    mutating func observe(
        _ observation: TrainingObservation, since start: ContinuousClock.Instant, directory: RunDirectory, _ logger: Logger
    ) {
        switch observation {
        case .stepFinished:
            if !hasTrained { logger.info("first training step after \(fixed(seconds(ContinuousClock.now - start), 3)) s") }
            hasTrained = true
        case .epochFinished(let job, let record):
            if !options.quiet { printProgress(lines.epoch(record, of: jobs[job])) }
        case .jobFinished(let job, let outcome):
            let run = FinishedRun(job: jobs[job], outcome: outcome)
            finished[job] = run
            files.add { [study, dataset] in try directory.write(run, study: study, dataset: dataset) }
            if !options.quiet { for line in lines.end(of: run) { printProgress(line) } }
        case .jobFailed(let job, let reason):
            failedRuns += 1
            logger.error("\(jobs[job].experiment), seed \(jobs[job].seed): \(reason)")
        case .workerJoined(_, let count): workers = max(workers, count)
        case .workerLeft: break
        }
    }

    /// Waits until the finished runs' files are written.
    ///
    /// - Throws: the first error of writing one; the study has trained on, so that nothing that can be had is lost.
    func finishFiles() throws { try files.finish() }

    /// Prints the results: the document with `--json`, else the table, the analysis and where everything is.
    func printResults(_ results: StudyResults, directory: RunDirectory) throws {
        if options.json {
            try printNow(results.document(), terminator: "")
            return
        }
        try printNow("\n\(SummaryTable(results).text)\n")
        for paragraph in analysis(of: results) { try printNow("\(wrapped(paragraph))\n") }
        try printNow("Data set: \(results.dataset.name). Results: \(directory.path)/results.json")
    }

    /// Prints a line of progress where it does not disturb a program that reads the results. Whoever reads it may leave; the study trains on.
    private func printProgress(_ line: String) {
        if options.json { writeToStandardError("\(line)\n") } else { try? printNow(line) }
    }
}
