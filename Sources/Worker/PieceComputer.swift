package import CNNCore
package import TrainingProtocol

/// Computes pieces of work, those of all models in the same memory. One thread owns it.
package final class PieceComputer {
    private let instructionSet: InstructionSet
    private let makeFrame: FrameMaker
    private var engine: GradientEngine?
    /// The parameters that the engine has loaded, by their frame's owner and not by their name: what was damaged on its way may have had the same name.
    /// Weak, so that memory is not held for a model that has no more work.
    private weak var loaded: AnyObject?

    /// - Parameter makeFrame: Makes the results' frames.
    package init(instructionSet: InstructionSet, makeFrame: @escaping FrameMaker = FrameDraft.init(byteCount:)) {
        self.instructionSet = instructionSet
        self.makeFrame = makeFrame
    }

    /// Computes a piece, whose parameters must be with it.
    ///
    /// - Parameter betweenQuanta: Called after each quantum with the number that are done.
    package func compute(_ piece: PieceOfWork, betweenQuanta: (Int) -> Void) -> PieceResult {
        let engine = engine(for: piece)
        var quantaDone = 0
        func count() {
            quantaDone += 1
            betweenQuanta(quantaDone)
        }
        let valueCount = piece.kind == .train ? piece.model.parameterCount : piece.sampleCount
        let values = makeFrame(valueCount * 4)
        let statistics = piece.pixels.withUnsafeBytes { pixels in
            piece.labels.withUnsafeBytes { labels in
                let shard = Shard(
                    seed: piece.seed, step: UInt32(truncatingIfNeeded: piece.step), firstQuantum: piece.quanta.lowerBound, pixels: pixels,
                    labels: labels, normalization: piece.normalization)
                return switch piece.kind {
                case .train: engine.gradient(of: shard, into: values.bytes.bindMemory(to: Float.self), betweenQuanta: count)
                case .evaluate: engine.evaluate(shard, predictions: values.bytes.bindMemory(to: UInt32.self), betweenQuanta: count)
                }
            }
        }
        return PieceResult(
            run: piece.run, piece: piece.piece, job: piece.job, step: piece.step, quanta: piece.quanta, parameters: piece.parametersID,
            lossSum: statistics.lossSum, correct: statistics.correct, values: values.frame)
    }

    /// The engine, gone over to a piece's model and parameters.
    private func engine(for piece: PieceOfWork) -> GradientEngine {
        let engine = self.engine ?? GradientEngine(model: piece.model, instructionSet: instructionSet)
        self.engine = engine
        if !engine.goOver(to: piece.model) { loaded = nil }
        if let parameters = piece.parameters, loaded !== parameters.owner {
            parameters.withUnsafeBytes { engine.load(parameters: $0.bindMemory(to: Float.self)) }
            loaded = parameters.owner
        }
        return engine
    }
}
