import RandomStreams

/// Which tasks of a run are computed twice: a share of them, chosen by a function of the run's name and the task alone.
struct AuditChoice {
    private let key: SIMD2<UInt32>
    /// A task whose random 32 bits are below this is audited.
    private let threshold: UInt64

    /// - Parameter share: The share of the tasks, 0 to 1.
    init(run: UInt64, share: Double) {
        key = SIMD2(UInt32(truncatingIfNeeded: run), UInt32(truncatingIfNeeded: run >> 32))
        threshold = UInt64(max(0, min(1, share)) * 0x1p32)
    }

    func includes(_ task: PieceTask, job: Int) -> Bool {
        let numbers: (kind: Int, first: Int, second: Int) =
            switch task {
            case .training(let step, let quanta): (0, step, quanta.lowerBound)
            case .evaluation(let pass, let batch): (1, pass, batch)
            }
        let counter = SIMD4(
            UInt32(truncatingIfNeeded: job << 1 | numbers.kind), UInt32(truncatingIfNeeded: numbers.first),
            UInt32(truncatingIfNeeded: numbers.second), 0)
        return UInt64(Philox4x32.block(counter: counter, key: key).x) < threshold
    }
}
