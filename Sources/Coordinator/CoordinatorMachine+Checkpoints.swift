// Keeping the jobs' states, and taking them up again.
extension CoordinatorMachine {
    /// What there is to tell of jobs that were taken up: the epochs of each, and the outcomes of those that had finished. To be asked for once.
    package func takeRestoredObservations() -> [TrainingObservation] {
        defer { restored = [] }
        return restored
    }

    func restore(_ states: [JobState?]) throws(JobError) {
        for (job, state) in zip(jobs, states) {
            guard let state else { continue }
            restored += try job.restore(state)
        }
        for job in jobs where job.isOver { retire(job) }
    }

    /// Asks for the states of the jobs that have moved on since their last checkpoint, as soon as that is old enough.
    func checkpointJobs(now: Duration, despiteInterval: Bool = false) {
        guard let interval = settings.checkpointInterval else { return }
        for job in jobs where job.progress > job.savedProgress {
            // With the first result there begins to be something to lose.
            let last = job.lastCheckpoint ?? now
            job.lastCheckpoint = last
            if now - last < interval, !despiteInterval { continue }
            job.lastCheckpoint = now
            checkpoint(job)
        }
    }

    /// Asks for the state of a job to be kept.
    func checkpoint(_ job: JobRun) {
        guard settings.checkpointInterval != nil else { return }
        job.savedProgress = job.progress
        actions.append(.checkpoint(job: job.index, job.state))
    }
}
