import CNNCore
import Checkpoints
import Coordinator
import Simulator
import Testing

/// Whenever a run ends before its time, what its checkpoints hold leads to the same end.
struct ResumeTests {
    /// The states of all jobs as they come back from files.
    private func reread(_ states: [JobState?], of jobs: [TrainingJob]) throws -> [JobState?] {
        let files = Disk()
        let store = CheckpointStore(files: files, identity: Training.identity, jobs: jobs)
        for (job, state) in states.enumerated() { if let state { try store.write(state, job: job) } }
        var chance = Chance(seed: 1)
        files.restart(losing: true, &chance)
        let second = CheckpointStore(files: files, identity: Training.identity, jobs: jobs)
        return try jobs.indices.map { try second.load(job: $0)?.state }
    }

    @Test func everyStateOfEveryJobLeadsToTheSameEnd() throws {
        let jobs = try Training.jobs()
        let undisturbed = try Training.train(jobs, interval: nil)
        #expect(undisturbed.states.isEmpty && undisturbed.outcomes.count == 3)
        let observed = try Training.train(jobs)
        #expect(observed.bits == undisturbed.bits, "checkpoints change nothing")
        // Every step of training and every batch of evaluation has a state of its own, the first result of each job excepted.
        let results = jobs.reduce(0) { $0 + $1.epochs * (3 + 3) + 3 }
        #expect(observed.states.count == results)
        var latest: [JobState?] = [nil, nil, nil]
        for (job, state, _) in observed.states {
            latest[job] = state
            let states = try reread(latest, of: jobs)
            #expect(states == latest)
            let resumed = try Training.train(jobs, from: states, interval: nil)
            #expect(resumed.bits == undisturbed.bits)
            #expect(resumed.epochs == undisturbed.epochs)
        }
    }

    /// The interval decides how much is lost, and nothing else; stopping loses nothing.
    @Test(arguments: [0, 1, 2, 7, 16, 30, 40])
    func stoppingLosesNothing(results: Int) throws {
        let jobs = try Training.jobs()
        let undisturbed = try Training.train(jobs, interval: nil)
        let first = try Training.train(jobs, interval: .seconds(3600), results: results)
        #expect(first.end == .stopped("Enough."))
        var states: [JobState?] = [nil, nil, nil]
        for (job, state, _) in first.states { states[job] = state }
        let second = try Training.train(jobs, from: try reread(states, of: jobs))
        #expect(second.bits == undisturbed.bits && second.epochs == undisturbed.epochs)
        // All results but the one that was not taken any more, and the finished jobs' states.
        let before = states.reduce(0) { $0 + ($1?.results ?? 0) }
        #expect(before == max(0, results - 1))
    }

    @Test func theIntervalBoundsWhatIsLost() throws {
        let jobs = try Training.jobs()
        let course = try Training.train(jobs, interval: .milliseconds(50))
        #expect(course.states.count > 10)
        for job in jobs.indices {
            let own = course.states.filter { $0.job == job }
            for (state, next) in zip(own, own.dropFirst()) {
                // A result takes 10 ms.
                #expect(next.state.results - state.state.results <= 6)
                #expect(next.time - state.time >= .milliseconds(50) || next.state.isFinished(jobs[job]))
            }
            #expect(own.last?.state.isFinished(jobs[job]) == true)
        }
    }

    @Test func finishedJobsStayFinished() throws {
        let jobs = try Training.jobs()
        let course = try Training.train(jobs)
        var states: [JobState?] = [nil, nil, nil]
        for (job, state, _) in course.states { states[job] = state }
        let resumed = try Training.train(jobs, from: try reread(states, of: jobs))
        #expect(resumed.end == .completed)
        #expect(resumed.bits == course.bits && resumed.epochs == course.epochs)
        #expect(resumed.states.isEmpty)
    }

    @Test func statesOfOtherJobsAreRefused() throws {
        let jobs = try Training.jobs()
        let course = try Training.train(jobs, results: 9)
        let state = try #require(course.states.last { $0.job == 0 }?.state)
        func refusal(_ change: (inout JobState) -> Void) throws -> String {
            var changed = state
            change(&changed)
            let error = #expect(throws: JobError.self) { try Training.train(jobs, from: [changed, nil, nil]) }
            return try #require(error).description
        }
        let start = "The saved state of test with seed 0 does not fit: "
        #expect(try refusal { $0.step = 10 } == start + "it has trained 10 steps, and the job has 9.")
        #expect(try refusal { $0.step = -1 }.contains("-1 steps"))
        #expect(try refusal { $0.step += 1 }.contains("but its optimiser counts"))
        #expect(try refusal { $0.parameters.removeLast() }.contains("another number of them"))
        #expect(try refusal { $0.optimizer.secondMoment.append(0) }.contains("another number of them"))
        #expect(try refusal { $0.parameters[3] += 1 }.contains("not those that the last link"))
        #expect(try refusal { $0.stepLosses[$0.step - 1] = 0 }.contains("not those that the last link"))
        #expect(
            try refusal { $0.chain = StepChain(origin: Array(repeating: 0, count: 32), links: $0.chain.links) }.contains(
                "begins with other data"))
        #expect(try refusal { $0.correctInEpoch = 70 }.contains("it counts 70 correct samples"))
        #expect(try refusal { $0.passes = [] }.contains("its open passes are not those that remain"))
        #expect(try refusal { $0.passes += $0.passes }.contains("its open passes are not those that remain"))
        #expect(try refusal { $0.epochParameters = [] }.contains("it lacks the"))
        #expect(try refusal { $0.passes = [.init(purpose: $0.passes[0].purpose, batches: [])] }.contains("has 0 batches instead of 3"))
        let wrongClass = EvaluationResult(lossSum: 1, predictions: Array(repeating: 3, count: 16))
        #expect(
            try refusal { $0.passes = [.init(purpose: $0.passes[0].purpose, batches: [wrongClass, nil, nil])] }.contains("3 classes"))
        let error = #expect(throws: JobError.self) { try Training.train(jobs, from: [nil, state, nil]) }
        #expect(error?.description.contains("with seed 1") == true)
    }
}

extension JobState {
    /// Results that were taken to come here: steps of one piece each, and batches of evaluation, three a pass.
    fileprivate var results: Int { step + epochs.count * 3 + passes.reduce(0) { $0 + $1.batches.count { $0 != nil } } }

    fileprivate func isFinished(_ job: TrainingJob) -> Bool {
        epochs.count == job.epochs && passes.allSatisfy { $0.batches.allSatisfy { $0 != nil } }
    }
}
