import CNNCore
import TrainingProtocol

/// A task that was given away, until its job has the result and nobody computes it any more.
///
/// Nearly all have one holder, and end with its result. One that is audited, or whose holder is late, is in doubt: more than one worker computes it, and all their
/// results must be the same bytes.
final class OpenTask {
    let job: JobRun
    let task: PieceTask
    /// What is sent, with its parameters; the piece's name and whether the parameters go along differ from holder to holder.
    let work: PieceOfWork
    /// What it costs to compute, in multiplications, about.
    let cost: Double
    /// Whether two workers' results must agree before the job gets one.
    let isAudited: Bool
    /// Whether it is on the coordinator's list of tasks in doubt.
    var isInDoubt: Bool
    /// The job has the result, or wants none any more.
    var isSettled = false
    /// What has come back, while it is in doubt.
    private(set) var answers: [Answer] = []

    struct Answer {
        let worker: ConnectedWorker
        let result: PieceResult
    }

    init(job: JobRun, task: PieceTask, work: PieceOfWork, cost: Double, isAudited: Bool) {
        self.job = job
        self.task = task
        self.work = work
        self.cost = cost
        self.isAudited = isAudited
        isInDoubt = isAudited
    }

    /// Results that must be there, and agree, before the job gets one.
    var answersNeeded: Int { isAudited ? 2 : 1 }

    /// Keeps a result to compare others with.
    func note(_ result: PieceResult, of worker: ConnectedWorker) { answers.append(Answer(worker: worker, result: result)) }

    /// Takes off, and returns, the answers that differ from `truth`.
    func removeAnswers(unlike truth: PieceResult) -> [Answer] {
        let wrong = answers.filter { !agree($0.result, truth) }
        answers.removeAll { !agree($0.result, truth) }
        return wrong
    }

    /// Whether two results have the same numbers, to the bit; of two that are not finite nothing more is asked.
    func agree(_ one: PieceResult, _ other: PieceResult) -> Bool {
        let isSame =
            one.lossSum.bitPattern == other.lossSum.bitPattern && one.correct == other.correct && one.values.hasBytes(of: other.values)
        return isSame || (!isFinite(one) && !isFinite(other))
    }

    /// Whether all of a result's numbers are finite.
    func isFinite(_ result: PieceResult) -> Bool {
        result.lossSum.isFinite && (work.kind == .evaluate || result.values.vector().isFinite)
    }
}
