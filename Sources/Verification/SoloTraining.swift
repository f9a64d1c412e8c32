package import CNNCore
package import Coordinator
package import Datasets
import RandomStreams
import TrainingProtocol
import Worker

/// Trains a job again, alone and in this thread: the coordinator's state machine with one worker that answers at once, without sockets.
package final class SoloTraining {
    private let machine: CoordinatorMachine
    private let computer: PieceComputer
    private let peer = PeerID([0])
    /// What the worker has to do.
    private var work: [PieceOfWork] = []
    /// The parameters that the worker holds; a job's evaluations go back to some of them.
    private var held: [(id: UInt64, parameters: Frame)] = []
    private var failure: TrainingFailure?

    /// The links of the steps trained so far, those before the state that was taken up among them.
    package private(set) var chain: StepChain
    package private(set) var epochs: [EpochRecord] = []
    /// What the job came to, once it is done.
    package private(set) var outcome: TrainingOutcome?

    /// - Parameter state: Where to take the job up; nil for its beginning.
    /// - Throws: `JobError` if the job cannot be trained on the data set, or the state is not the job's.
    package init(_ job: TrainingJob, on dataset: Dataset, instructionSet: InstructionSet, from state: JobState? = nil) throws {
        var settings = CoordinatorSettings(run: 0, instructionSet: instructionSet)
        // A state after each result, which has the chain.
        settings.checkpointInterval = .zero
        machine = try CoordinatorMachine(jobs: [job], dataset: dataset, settings: settings, states: [state])
        computer = PieceComputer(instructionSet: instructionSet)
        var generator = MersenneTwister(seed: job.seed)
        chain =
            state?.chain
            ?? StepChain(
                job: job, dataset: dataset, initialParameters: job.model.channelsLast(job.model.initialParameters(from: &generator)))
        for observation in machine.takeRestoredObservations() { observe(observation) }
        let introduction = WorkerIntroduction(
            profile: TrainingProtocol.profile, instructionSet: instructionSet.rawValue, host: "here", processID: 0, slots: 1)
        try tell(.hello(introduction))
    }

    /// Computes the next piece of work.
    ///
    /// - Returns: False when there was none: the job is done.
    /// - Throws: ``TrainingFailure`` when the job ends without a result.
    package func advance() throws -> Bool {
        guard !work.isEmpty else { return false }
        var piece = work.removeFirst()
        if let parameters = piece.parameters {
            held.append((piece.parametersID, parameters))
            if held.count > TrainingProtocol.keptParameters { held.removeFirst() }
        } else {
            piece.parameters = held.last { $0.id == piece.parametersID }?.parameters
        }
        try tell(.result(computer.compute(piece) { _ in }))
        if let failure { throw failure }
        return true
    }

    private func tell(_ message: WorkerMessage) throws {
        for action in machine.handle(.received(from: peer, frames: message.frames()), now: .zero) {
            switch action {
            case .send(let frames, _): if case .work(let piece) = try CoordinatorMessage(frames: frames) { work.append(piece) }
            case .observe(let observation): observe(observation)
            case .checkpoint(_, let state): chain = state.chain
            case .log, .finish: break
            }
        }
    }

    private func observe(_ observation: TrainingObservation) {
        switch observation {
        case .epochFinished(_, let record): epochs.append(record)
        case .jobFinished(_, let outcome): self.outcome = outcome
        case .jobFailed(_, let reason): failure = TrainingFailure(description: reason)
        case .stepFinished, .workerJoined, .workerLeft: break
        }
    }
}

/// A job that ends without a result.
package struct TrainingFailure: Error, Hashable, CustomStringConvertible {
    /// The reason, in a sentence.
    package let description: String
}
