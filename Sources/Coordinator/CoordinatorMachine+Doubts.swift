import TrainingProtocol
import Worker

// Tasks that more than one worker computes: those of workers that are late, and those that are audited.
extension CoordinatorMachine {
    /// Least time between two looks at the workers' lateness.
    private static let lookInterval = Duration.milliseconds(10)

    /// Finds the workers that take far longer than usual, and puts their tasks in doubt.
    func lookForLateWorkers(now: Duration) {
        guard now >= nextLook else { return }
        nextLook = now + Self.lookInterval
        for worker in workers {
            guard let first = worker.assignments.first else { continue }
            let time = now - worker.busySince
            let limit = pieceTimes.limit(cost: first.open.cost)
            worker.lateness = time < limit ? .onTime : time < limit * 2 ? .late : .overdue
            guard worker.lateness != .onTime else { continue }
            for assignment in worker.assignments where !assignment.open.isInDoubt {
                assignment.open.isInDoubt = true
                tasksInDoubt.append(assignment.open)
            }
        }
    }

    /// Gives tasks in doubt to further workers.
    ///
    /// - Parameter urgentOnly: Only those that come before tasks which nobody has yet: audits, and tasks of workers that are long overdue.
    func shareTasksInDoubt(urgentOnly: Bool, now: Duration) {
        guard !tasksInDoubt.isEmpty else { return }
        tasksInDoubt.removeAll { $0.isSettled || $0.job.isOver }
        for open in tasksInDoubt where !urgentOnly || isUrgent(open) {
            while needsAnotherWorker(open), let worker = nextWorker(where: { mayTake(open, $0) }) { send(open, to: worker, now: now) }
        }
    }

    private func isUrgent(_ open: OpenTask) -> Bool {
        open.isAudited || workers.allSatisfy { $0.lateness == .overdue || !$0.holds(open) }
    }

    /// Whether the answers that are there, and those that can be expected in time, are too few.
    private func needsAnotherWorker(_ open: OpenTask) -> Bool {
        let expected = workers.reduce(0) { $0 + ($1.lateness == .onTime && $1.holds(open) ? 1 : 0) }
        return !open.isSettled && open.answers.count + expected < open.answersNeeded
    }

    /// Whether a worker can give an answer of its own, which can be compared if it has to be.
    private func mayTake(_ open: OpenTask, _ worker: ConnectedWorker) -> Bool {
        (worker.isComparable || !open.isAudited) && !worker.holds(open)
            && !open.answers.contains { $0.worker === worker || $0.worker.isSameProcess(as: worker) }
    }

    /// Settles the audits whose second worker is not there, or not in time: the coordinator computes the pieces itself.
    func settleAuditsWithoutSecondWorker() {
        for open in tasksInDoubt where open.isAudited && !open.answers.isEmpty && !open.job.isOver && needsAnotherWorker(open) {
            if !workers.contains(where: { $0.lateness == .onTime && mayTake(open, $0) }) { judge(open) }
        }
    }

    /// Takes back a task of a worker that is lost or refused.
    func giveBack(_ open: OpenTask) {
        if open.isSettled || open.job.isOver { return }
        // If another one holds it, or has answered, it stays in doubt.
        if open.isInDoubt, !open.answers.isEmpty || workers.contains(where: { $0.holds(open) }) { return }
        open.isSettled = true
        open.job.requeue(open.task)
    }

    /// Compares a result for a task in doubt, or one that is not finite, with what else is known of the task.
    ///
    /// - Returns: Whether it is beyond doubt. What is not has been kept, or judged.
    func isCertain(_ result: PieceResult, isFinite: Bool, of open: OpenTask, from worker: ConnectedWorker) -> Bool {
        guard isFinite else {
            open.note(result, of: worker)
            judge(open)
            return false
        }
        guard worker.isComparable else { return true }
        let isContradicted = open.answers.contains { !open.agree($0.result, result) }
        open.note(result, of: worker)
        let isEnough = open.answers.count >= open.answersNeeded
        // A job must not have a result that a late answer may still prove wrong.
        let mayBeContradicted = isEnough && !open.isAudited && !open.isSettled && workers.contains { $0.holds(open) }
        if isContradicted || mayBeContradicted {
            judge(open)
            return false
        }
        return isEnough
    }

    /// Computes a task here, shuts out all who answered otherwise, and gives the job the result if it has none.
    private func judge(_ open: OpenTask) {
        let truth = referee.compute(open.work) { _ in }
        for answer in open.removeAnswers(unlike: truth) { denounce(answer.worker, for: open) }
        if open.isSettled { return }
        if open.isFinite(truth) {
            settle(open, with: truth, by: nil)
        } else {
            fail(
                open.job,
                "The training diverged: \(open.place) has a loss or gradient that is not finite. A lower learning rate may help.")
        }
    }

    /// Shuts a liar out, and has those steps and evaluation batches done again that are under way and that it has had a part in: who lies once may have lied before.
    private func denounce(_ worker: ConnectedWorker, for open: OpenTask) {
        let sentence =
            "The worker's result for \(open.place) of \(open.job.job.experiment), seed \(open.job.job.seed), is wrong: "
            + "the coordinator comes to other numbers. The worker's processor, memory or program is faulty."
        if self.worker(at: worker.peer) === worker {
            refuse(worker.peer, sentence)
        } else {
            actions.append(.log(.warning, "Worker \(worker.name), which is gone, was at fault. \(sentence)"))
        }
        for job in jobs {
            job.requeueEvaluations(by: worker.peer)
            guard let step = job.restartStep(withoutWorkOf: worker.peer) else { continue }
            let others = workers.flatMap { $0.assignments.map(\.open) } + tasksInDoubt
            for void in others + [open] where void.job === job && void.work.kind == .train { void.isSettled = true }
            actions.append(
                .log(.warning, "Training step \(step + 1) of \(job.job.experiment), seed \(job.job.seed), is done again without its work."))
        }
    }
}

extension OpenTask {
    /// Which part of its job it is, in words.
    fileprivate var place: String {
        switch task {
        case .training(let step, _): "training step \(step + 1)"
        case .evaluation(_, let batch): "evaluation batch \(batch + 1)"
        }
    }
}
