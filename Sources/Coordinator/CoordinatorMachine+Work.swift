import CNNCore
import TrainingProtocol

// Giving pieces of work to workers.
extension CoordinatorMachine {
    /// Gives ready pieces to workers with room, the most urgent first.
    func assignWork(now: Duration) {
        lookForLateWorkers(now: now)
        shareTasksInDoubt(urgentOnly: true, now: now)
        while let worker = nextWorker(where: { _ in true }), let (job, ready) = nextJob() {
            // A mini-batch goes to one worker whole while there are enough of them for all idle workers, and is shared among these otherwise.
            let idle = idleWorkers
            guard let task = job.takeReadyTask(parts: max(1, (idle + ready - 1) / ready)) else { return }
            give(task, of: job, to: worker, now: now)
        }
        shareTasksInDoubt(urgentOnly: false, now: now)
    }

    private var idleWorkers: Int { workers.count(where: \.isIdle) }

    /// The worker with room that holds the fewest pieces, the one that came first among equals. One that is late with its pieces gets no more.
    func nextWorker(where isSuitable: (ConnectedWorker) -> Bool) -> ConnectedWorker? {
        var best: ConnectedWorker?
        for worker in workers where worker.hasRoom && worker.lateness == .onTime && isSuitable(worker) {
            if worker.assignments.count < best?.assignments.count ?? .max { best = worker }
        }
        return best
    }

    /// The job whose ready work is most urgent, the one with the most work left among equals; and the number of jobs with ready work.
    func nextJob() -> (job: JobRun, ready: Int)? {
        var ready = 0
        var best: (job: JobRun, urgency: JobRun.Urgency, cost: Double)?
        for job in jobs {
            guard let urgency = job.readyUrgency else { continue }
            ready += 1
            let cost = job.remainingCost
            if let best, (best.urgency, best.cost) >= (urgency, cost) { continue }
            best = (job, urgency, cost)
        }
        return best.map { ($0.job, ready) }
    }

    /// Gives a worker a task that nobody has, as it was prepared if it was.
    private func give(_ task: PieceTask, of job: JobRun, to worker: ConnectedWorker, now: Duration) {
        let prepared = worker.takePrepared(task, of: job)
        let open = prepared?.assignment.open ?? open(task, of: job)
        if open.isAudited { tasksInDoubt.append(open) }
        if let prepared, worker.mustReceive(parameters: open.work.parametersID) {
            give(prepared, to: worker, now: now)
        } else {
            send(open, to: worker, now: now)
        }
    }

    func open(_ task: PieceTask, of job: JobRun) -> OpenTask {
        let samples = job.samples(of: task)
        let (kind, step): (PieceKind, Int) =
            switch task {
            case .training(let step, _): (.train, step)
            case .evaluation(_, let batch): (.evaluate, batch)
            }
        let work = PieceOfWork(
            run: settings.run, piece: 0, job: job.index, kind: kind, model: job.job.model, seed: job.job.seed, step: step,
            batchSize: samples.batchSize, quanta: samples.quanta, normalization: job.job.normalization,
            parametersID: job.parametersID(of: task), parameters: job.parameters(of: task), pixels: samples.pixels, labels: samples.labels)
        return OpenTask(
            job: job, task: task, work: work, cost: job.cost(samples: work.sampleCount, kind: kind),
            isAudited: audits.includes(task, job: job.index))
    }

    func send(_ open: OpenTask, to worker: ConnectedWorker, now: Duration) {
        give(work(open, withParameters: worker.mustReceive(parameters: open.work.parametersID)), to: worker, now: now)
    }

    /// A piece of work as it is sent.
    func work(_ open: OpenTask, withParameters: Bool) -> PreparedWork {
        lastPiece += 1
        var piece = open.work
        piece.piece = lastPiece
        if !withParameters { piece.parameters = nil }
        return PreparedWork(assignment: Assignment(piece: lastPiece, open: open), frames: CoordinatorMessage.work(piece).frames())
    }

    private func give(_ work: PreparedWork, to worker: ConnectedWorker, now: Duration) {
        worker.give(work.assignment, now: now)
        actions.append(.send(work.frames, to: worker.peer))
    }
}

// Taking what workers return.
extension CoordinatorMachine {
    func receive(_ result: PieceResult, from worker: ConnectedWorker, now: Duration) {
        guard result.run == settings.run, let (assignment, time) = worker.takeAssignment(piece: result.piece, now: now) else {
            actions.append(.log(.debug, "Ignored a late result of worker \(worker.name) for piece \(result.piece)."))
            return
        }
        let open = assignment.open
        if let time { pieceTimes.note(time, cost: open.cost) }
        if open.job.isOver { return }
        var result = result
        // Memory that came from a worker need not stay as it is, and what was checked must be what is compared and used. Of a gradient that is compared with nothing Adam checks the numbers again.
        if open.isInDoubt || open.work.kind == .evaluate { result.values = result.values.withUnsafeBytes { Frame(copying: $0) } }
        if let fault = open.fault(in: result) {
            giveBack(open)
            refuse(worker.peer, "The result for piece \(result.piece) cannot be right: \(fault)")
            return
        }
        let isFinite = open.isFinite(result)
        if open.isInDoubt || !isFinite {
            guard isCertain(result, isFinite: isFinite, of: open, from: worker) else { return }
        }
        if !open.isSettled { settle(open, with: result, by: worker.peer) }
    }

    /// Gives a task's result to its job.
    ///
    /// - Parameter contributor: Who computed it, if it was a worker.
    func settle(_ open: OpenTask, with result: PieceResult, by contributor: PeerID?) {
        open.isSettled = true
        let job = open.job
        switch open.task {
        case .training(_, let quanta):
            do {
                let sum = GradientSum(gradient: result.values.vector(), lossSum: result.lossSum, correct: result.correct)
                announce(try job.complete(quanta: quanta, with: sum, by: contributor), of: job)
            } catch {
                fail(job, "\(error)")
            }
        case .evaluation(let pass, let batch):
            let predictions = result.values.unsignedIntegers()
            let result = EvaluationResult(lossSum: result.lossSum, predictions: predictions)
            announce(job.complete(pass: pass, batch: batch, with: result, by: contributor), of: job)
        }
    }

    /// Ends a job without a result, for the reason given in a sentence.
    func fail(_ job: JobRun, _ reason: String) {
        job.fail()
        retire(job)
        actions.append(.observe(.jobFailed(job: job.index, reason: reason)))
    }

    private func announce(_ observations: [TrainingObservation], of job: JobRun) {
        if job.isOver { checkpoint(job) }
        for observation in observations { actions.append(.observe(observation)) }
        if job.isOver { retire(job) }
    }
}

extension OpenTask {
    /// What is wrong with a result's form, if anything; whether its numbers are right nobody can see from here.
    fileprivate func fault(in result: PieceResult) -> String? {
        let model = work.model
        guard
            result.job == work.job, result.step == work.step, result.quanta == work.quanta, result.parameters == work.parametersID
        else {
            return "it names other work than was given."
        }
        let samples = work.sampleCount
        guard result.correct <= samples else { return "it counts \(result.correct) correct predictions of \(samples) samples." }
        switch work.kind {
        case .train:
            guard result.values.count == model.parameterCount * MemoryLayout<Float>.size else {
                return "its gradient has \(result.values.count) bytes, and the model has \(model.parameterCount) parameters."
            }
        case .evaluate:
            guard result.values.count == samples * MemoryLayout<UInt32>.size else {
                return "its predictions have \(result.values.count) bytes for \(samples) samples."
            }
            let predictions = result.values.unsignedIntegers()
            guard predictions.allSatisfy({ $0 < UInt32(model.classes) }) else {
                return "it predicts a class that the model's \(model.classes) do not contain."
            }
            let correct = work.labels.withUnsafeBytes { labels in zip(labels, predictions).reduce(0) { $0 + (UInt32($1.0) == $1.1 ? 1 : 0) }
            }
            guard correct == result.correct else {
                return "it counts \(result.correct) correct predictions, and \(correct) of its predictions are."
            }
        }
        return nil
    }
}
