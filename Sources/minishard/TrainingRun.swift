import Checkpoints
import Coordinator
import Datasets
import Logging
import Reports
import Studies

/// A study on its way: what is trained, on what, where its files are, and how far it had come when it was taken up.
struct TrainingRun {
    let record: RunRecord
    let study: Study
    let dataset: Dataset
    let jobs: [TrainingJob]
    let directory: RunDirectory
    /// Where to take up the jobs; empty for a run that begins.
    private(set) var states: [JobState?] = []
    /// Held while this process trains the run.
    private var lock: RunLock?
    /// Knows what is on disk, if there may be anything.
    private var store: CheckpointStore?

    /// A run that begins.
    init(_ record: RunRecord, study: Study, on dataset: Dataset, in directory: RunDirectory) throws {
        self.record = record
        self.study = study
        self.dataset = dataset
        self.directory = directory
        jobs = try study.jobs(on: dataset, seeds: record.seeds, epochs: record.epochs)
    }

    /// A run that is continued from its checkpoints, under a lock that is held already.
    init(continuing record: RunRecord, study: Study, on dataset: Dataset, in directory: RunDirectory, lock: RunLock, _ logger: Logger)
        throws
    {
        try self.init(record, study: study, on: dataset, in: directory)
        self.lock = lock
        let store = try makeStore()
        for (index, job) in jobs.enumerated() {
            let loaded = try store.load(job: index)
            for warning in loaded?.warnings ?? [] {
                logger.warning("\(warning) Another checkpoint is used; what was trained since it was made is trained again.")
            }
            if let step = loaded?.state.step { logger.info("\(job.experiment), seed \(job.seed): continues after step \(step)") }
            states.append(loaded?.state)
        }
        self.store = store
    }

    /// Makes the run one that can be continued, and that nobody else continues while this value lives.
    ///
    /// - Returns: Where its checkpoints go.
    mutating func prepareCheckpoints() throws -> CheckpointStore {
        if lock == nil { lock = try directory.begin(record) }
        return try store ?? makeStore()
    }

    /// The jobs' last states, as far as there are any; reading changes nothing.
    func lastStates() -> [Result<JobState?, any Error>] {
        guard directory.hasCheckpoints else { return jobs.map { _ in .success(nil) } }
        return jobs.indices.map { job in Result { try makeStore().load(job: job)?.state } }
    }

    private func makeStore() throws -> CheckpointStore {
        CheckpointStore(
            files: try DirectoryFiles(directory.checkpoints),
            identity: CheckpointIdentity(run: record.run, datasetSHA256: dataset.sha256, profile: record.profile), jobs: jobs)
    }
}
