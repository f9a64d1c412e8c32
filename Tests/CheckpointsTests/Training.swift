import CNNCore
import Checkpoints
import Coordinator
import Datasets
import TestImages
import TrainingProtocol
import Worker

/// Tiny jobs, trained in one thread by a coordinator's machine and one worker that answers at once.
enum Training {
    static let dataset = Dataset.patterns(train: 120, test: 40)

    static let identity = CheckpointIdentity(run: "17", datasetSHA256: dataset.sha256, profile: TrainingProtocol.profile)

    /// Jobs of different sizes and lengths; the second one drops features.
    static func jobs() throws -> [TrainingJob] {
        try [(2, 0.0, 3), (3, 0.25, 2), (1, 0, 1)].enumerated().map { index, shape in
            let (channels, dropout, epochs) = shape
            return TrainingJob(
                experiment: "test", seed: UInt64(index),
                model: try SmallCNN(
                    firstChannels: channels, secondChannels: 3, kernelSize: 3, classes: 3, height: 6, width: 6, dropout: dropout),
                epochs: epochs, batchSize: 28, evaluationBatchSize: 16, trainingImages: 0..<69, validationImages: 80..<120,
                testImages: 0..<40)
        }
    }

    /// What a coordinator came to.
    struct Course {
        var states: [(job: Int, state: JobState, time: Duration)] = []
        var epochs: [Int: [EpochRecord]] = [:]
        var outcomes: [Int: TrainingOutcome] = [:]
        var end: CoordinatorEnd?

        mutating func take(_ observation: TrainingObservation) {
            if case .epochFinished(let job, let record) = observation { epochs[job, default: []].append(record) }
            if case .jobFinished(let job, let outcome) = observation { outcomes[job] = outcome }
        }

        /// Every number that the runs came to, to the bit.
        var bits: [[UInt64]] {
            outcomes.keys.sorted().compactMap { outcomes[$0] }.map { outcome in
                let floats = outcome.finalParameters + outcome.bestParameters + outcome.stepLosses
                let figures = outcome.epochs.flatMap { [$0.trainLoss, $0.trainAccuracy, $0.validationLoss, $0.validationAccuracy] }
                return floats.map { UInt64($0.bitPattern) } + (figures + [outcome.testLoss]).map(\.bitPattern)
                    + (outcome.chain.origin + outcome.chain.links).map { UInt64($0) } + outcome.confusionMatrix.joined().map { UInt64($0) }
            }
        }
    }

    /// Trains to the end, or until a number of results was returned, and then stops.
    ///
    /// - Parameter interval: the interval of checkpoints; a result takes 10 ms.
    static func train(
        _ jobs: [TrainingJob], from states: [JobState?] = [], interval: Duration? = .zero, results limit: Int = .max
    ) throws -> Course {
        let instructionSet = try InstructionSet.best()
        var settings = CoordinatorSettings(run: 1, instructionSet: instructionSet)
        settings.checkpointInterval = interval
        let machine = try CoordinatorMachine(jobs: jobs, dataset: dataset, settings: settings, states: states)
        let computer = PieceComputer(instructionSet: instructionSet)
        var course = Course()
        for observation in machine.takeRestoredObservations() { course.take(observation) }
        let peer = PeerID([0, 1])
        let hello = WorkerMessage.hello(
            WorkerIntroduction(profile: TrainingProtocol.profile, instructionSet: "test", host: "host", processID: 1, slots: 1))
        var inbox: [[Frame]] = [hello.frames()]
        var held: [UInt64: Frame] = [:]
        var results = 0
        var now = Duration.zero
        while course.end == nil, !inbox.isEmpty {
            let event = CoordinatorEvent.received(from: peer, frames: inbox.removeFirst())
            now += .milliseconds(10)
            for action in machine.handle(results < limit ? event : .stopRequested("Enough."), now: now) {
                switch action {
                case .send(let frames, _):
                    guard case .work(var piece) = try CoordinatorMessage(frames: frames) else { continue }
                    if let parameters = piece.parameters { held[piece.parametersID] = parameters.aligned(to: 16) }
                    piece.parameters = held[piece.parametersID]
                    results += 1
                    inbox.append(WorkerMessage.result(computer.compute(piece) { _ in }).frames())
                case .observe(let observation): course.take(observation)
                case .checkpoint(let job, let state): course.states.append((job, state, now))
                case .finish(let end): course.end = end
                case .log: break
                }
            }
        }
        return course
    }
}
