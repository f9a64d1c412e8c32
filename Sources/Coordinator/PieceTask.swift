/// A part of a job that can be given to a worker.
enum PieceTask: Hashable {
    /// Quanta of the job's current mini-batch.
    case training(step: Int, quanta: Range<Int>)
    /// A batch of one of the job's evaluation passes.
    case evaluation(pass: Int, batch: Int)
}
