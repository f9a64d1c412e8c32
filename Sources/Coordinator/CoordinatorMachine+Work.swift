import CNNCore
import TrainingProtocol

// Giving pieces of work to workers.
extension CoordinatorMachine {
    /// Gives ready pieces to workers with room, the most urgent first.
    func assignWork(now: Duration) {
        while let worker = nextWorker(), let (job, ready) = nextJob() {
            // A mini-batch goes to one worker whole while there are enough of them for all idle workers, and is shared among these otherwise.
            let idle = idleWorkers
            guard let task = job.takeReadyTask(parts: max(1, (idle + ready - 1) / ready)) else { return }
            send(task, of: job, to: worker, now: now)
        }
    }

    private func isEligible(_ worker: ConnectedWorker, despiteSuspicion: Bool) -> Bool {
        worker.hasRoom && (!worker.isSuspect || despiteSuspicion)
    }

    private var idleWorkers: Int { workers.reduce(0) { $0 + ($1.assignments.isEmpty && !$1.isSuspect ? 1 : 0) } }

    /// The worker with room that holds the fewest pieces, the one that came first among equals. A suspect one gets work only if all are suspect.
    private func nextWorker() -> ConnectedWorker? {
        let despiteSuspicion = workers.allSatisfy(\.isSuspect)
        var best: ConnectedWorker?
        for worker in workers where isEligible(worker, despiteSuspicion: despiteSuspicion) {
            if worker.assignments.count < best?.assignments.count ?? .max { best = worker }
        }
        return best
    }

    /// The job whose ready work is most urgent, the one with the most work left among equals; and the number of jobs with ready work.
    private func nextJob() -> (job: JobRun, ready: Int)? {
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

    private func send(_ task: PieceTask, of job: JobRun, to worker: ConnectedWorker, now: Duration) {
        lastPiece += 1
        let parametersID = job.parametersID(of: task)
        let samples = job.samples(of: task)
        let (kind, step): (PieceKind, Int) =
            switch task {
            case .training(let step, _): (.train, step)
            case .evaluation(_, let batch): (.evaluate, batch)
            }
        let piece = PieceOfWork(
            run: settings.run, piece: lastPiece, job: job.index, kind: kind, model: job.job.model, seed: job.job.seed, step: step,
            batchSize: samples.batchSize, quanta: samples.quanta, normalization: job.job.normalization, parametersID: parametersID,
            parameters: worker.mustReceive(parameters: parametersID) ? job.parameters(of: task) : nil,
            pixels: samples.pixels, labels: samples.labels)
        worker.assignments.append(
            Assignment(
                piece: lastPiece, job: job, task: task, parametersID: parametersID, step: step, quanta: samples.quanta,
                labels: samples.labels))
        worker.lastSent = now
        actions.append(.send(CoordinatorMessage.work(piece).frames(), to: worker.peer))
    }
}

// Taking what workers return.
extension CoordinatorMachine {
    func receive(_ result: PieceResult, from worker: ConnectedWorker) {
        guard result.run == settings.run, let assignment = worker.takeAssignment(piece: result.piece) else {
            actions.append(.log(.debug, "Ignored a late result of worker \(worker.name) for piece \(result.piece)."))
            return
        }
        let job = assignment.job
        if job.isOver { return }
        if let fault = assignment.fault(in: result) {
            job.requeue(assignment.task)
            refuse(worker.peer, "The result for piece \(result.piece) cannot be right: \(fault)")
            return
        }
        switch assignment.task {
        case .training(_, let quanta):
            let gradient = result.values.floats()
            let isFinite = result.lossSum.isFinite && gradient.areFinite
            guard passesSuspicion(isFinite: isFinite, assignment, from: worker) else { return }
            do {
                let sum = GradientSum(gradient: gradient, lossSum: result.lossSum, correct: result.correct)
                announce(try job.complete(quanta: quanta, with: sum), of: job)
            } catch {
                fail(job, "\(error)")
            }
        case .evaluation(let pass, let batch):
            guard passesSuspicion(isFinite: result.lossSum.isFinite, assignment, from: worker) else { return }
            let predictions = result.values.unsignedIntegers()
            announce(job.complete(pass: pass, batch: batch, with: .init(lossSum: result.lossSum, predictions: predictions)), of: job)
        }
    }

    /// Decides about results that are not finite. Either the training diverged, and then everybody gets the same, or the worker is at fault: the piece is computed
    /// again, by another worker if there is one. A second such result ends the job, a finite one shuts the first worker out.
    ///
    /// - Returns: Whether the result may be used.
    private func passesSuspicion(isFinite: Bool, _ assignment: Assignment, from worker: ConnectedWorker) -> Bool {
        let job = assignment.job
        let suspect = job.clearSuspicion(of: assignment.task)
        switch (isFinite, suspect) {
        case (true, nil): return true
        case (false, nil):
            job.suspicions.append((assignment.task, worker.peer))
            updateSuspects()
            job.requeue(assignment.task)
            return false
        case (false, .some):
            fail(
                job, "The training diverged: \(assignment.task) has a loss or gradient that is not finite. A lower learning rate may help.")
            return false
        case (true, let suspect?):
            let contradictsItself = suspect == worker.peer
            if contradictsItself { job.requeue(assignment.task) }
            if self.worker(at: suspect) != nil {
                refuse(suspect, "A result that is not finite was not confirmed: the worker's arithmetic or memory is faulty.")
            }
            return !contradictsItself
        }
    }

    private func updateSuspects() {
        for worker in workers { worker.isSuspect = jobs.contains { $0.suspicions.contains { $0.peer == worker.peer } } }
    }

    private func fail(_ job: JobRun, _ reason: String) {
        job.fail()
        retire(job)
        updateSuspects()
        actions.append(.observe(.jobFailed(job: job.index, reason: reason)))
    }

    private func announce(_ observations: [TrainingObservation], of job: JobRun) {
        if job.isOver { checkpoint(job) }
        for observation in observations { actions.append(.observe(observation)) }
        if job.isOver { retire(job) }
    }
}

extension Assignment {
    /// What is wrong with a result's form, if anything; whether its numbers are right nobody can see from here.
    fileprivate func fault(in result: PieceResult) -> String? {
        let model = job.job.model
        guard result.job == job.index, result.step == step, result.quanta == quanta, result.parameters == parametersID else {
            return "it names other work than was given."
        }
        let samples = labels.count
        guard result.correct <= samples else { return "it counts \(result.correct) correct predictions of \(samples) samples." }
        switch task {
        case .training:
            guard result.values.count == model.parameterCount * MemoryLayout<Float>.size else {
                return "its gradient has \(result.values.count) bytes, and the model has \(model.parameterCount) parameters."
            }
        case .evaluation:
            guard result.values.count == samples * MemoryLayout<UInt32>.size else {
                return "its predictions have \(result.values.count) bytes for \(samples) samples."
            }
            let predictions = result.values.unsignedIntegers()
            guard predictions.allSatisfy({ $0 < UInt32(model.classes) }) else {
                return "it predicts a class that the model's \(model.classes) do not contain."
            }
            let correct = labels.withUnsafeBytes { labels in zip(labels, predictions).reduce(0) { $0 + (UInt32($1.0) == $1.1 ? 1 : 0) } }
            guard correct == result.correct else {
                return "it counts \(result.correct) correct predictions, and \(correct) of its predictions are."
            }
        }
        return nil
    }
}

extension [Float] {
    /// Whether no element is infinite or not a number.
    fileprivate var areFinite: Bool {
        withUnsafeBufferPointer { values in
            // All bits of the exponent are set in infinities and NaNs only; without a branch an element the loop runs in SIMD registers.
            var found: UInt32 = 0
            for value in values { found |= value.bitPattern & 0x7F80_0000 == 0x7F80_0000 ? 1 : 0 }
            return found == 0
        }
    }
}
