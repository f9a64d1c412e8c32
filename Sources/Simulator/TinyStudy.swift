import CNNCore
import Coordinator
import Datasets
import TrainingProtocol
import Worker

/// A few jobs, each trained in well under a millisecond, and what comes of them when nothing goes wrong.
struct TinyStudy {
    let jobs: [TrainingJob]
    /// What the jobs came to with one worker and without a fault, to the bit.
    let expected: [OutcomeBits]

    /// 48 images of 4x4 for training and validation and 12 for testing, in 3 classes, always the same.
    static let dataset: Dataset = {
        var chance = Chance(seed: 4)
        func set(_ count: Int) -> ImageSet {
            let labels = (0..<count).map { _ in UInt8(chance.draw(0...2)) }
            let pixels = labels.flatMap { label in
                (0..<16).map { UInt8(truncatingIfNeeded: $0 * 5 + Int(label) * 70 + chance.draw(0...60)) }
            }
            return ImageSet(height: 4, width: 4, pixels: pixels, labels: labels)
        }
        return Dataset(name: "tiny patterns", train: set(48), test: set(12))
    }()

    /// The studies that schedules are run on: from one job to three, with and without dropout, with mini-batches of one to four quanta.
    ///
    /// - Throws: a sentence when a job cannot be trained.
    static func all(instructionSet: InstructionSet) throws -> [TinyStudy] {
        func job(_ seed: UInt64, channels: Int, dropout: Double = 0, epochs: Int, batchSize: Int, images: Int = 36) throws -> TrainingJob {
            TrainingJob(
                experiment: "tiny", seed: seed,
                model: try SmallCNN(
                    firstChannels: channels, secondChannels: 2, kernelSize: 3, classes: 3, height: 4, width: 4, dropout: dropout),
                epochs: epochs, batchSize: batchSize, evaluationBatchSize: 8, trainingImages: 0..<images, validationImages: 36..<48,
                testImages: 0..<12)
        }
        return try [
            [job(1, channels: 2, epochs: 2, batchSize: 12)],
            [job(2, channels: 2, epochs: 1, batchSize: 32), job(3, channels: 3, dropout: 0.25, epochs: 2, batchSize: 18)],
            [
                job(4, channels: 1, epochs: 2, batchSize: 9), job(5, channels: 2, dropout: 0.5, epochs: 1, batchSize: 17),
                job(6, channels: 2, epochs: 3, batchSize: 36, images: 30),
            ],
        ].map { try TinyStudy(jobs: $0, instructionSet: instructionSet) }
    }

    private init(jobs: [TrainingJob], instructionSet: InstructionSet) throws {
        self.jobs = jobs
        let coordinator = try CoordinatorMachine(
            jobs: jobs, dataset: Self.dataset, settings: CoordinatorSettings(run: 1, instructionSet: instructionSet))
        expected = try Self.undisturbed(coordinator, jobs: jobs.count, computer: PieceComputer(instructionSet: instructionSet))
    }

    /// Runs jobs with one worker that answers at once.
    private static func undisturbed(_ coordinator: CoordinatorMachine, jobs: Int, computer: PieceComputer) throws -> [OutcomeBits] {
        let introduction = WorkerIntroduction(
            profile: TrainingProtocol.profile, instructionSet: "simulated", host: "simulated", processID: 1, slots: 2)
        var worker = WorkerMachine(
            settings: WorkerSettings(endpoint: "simulated", introduction: introduction, giveUpAfter: nil), now: .zero)
        let peer = PeerID([0])
        var outcomes = [OutcomeBits?](repeating: nil, count: jobs)
        var toCoordinator: [[Frame]] = []
        func perform(_ actions: [WorkerAction]) {
            for case .send(let frames) in actions { toCoordinator.append(frames) }
        }
        perform(worker.handle(.connected, now: .zero))
        while !toCoordinator.isEmpty {
            for action in coordinator.handle(.received(from: peer, frames: toCoordinator.removeFirst()), now: .zero) {
                if case .send(let frames, _) = action { perform(worker.handle(.received(frames), now: .zero)) }
                if case .observe(.jobFinished(let job, let outcome)) = action { outcomes[job] = OutcomeBits(outcome) }
            }
            while let piece = worker.beginPiece() { perform(worker.handle(.computed(computer.compute(piece) { _ in }), now: .zero)) }
        }
        let all = outcomes.compactMap { $0 }
        guard all.count == jobs else { throw SimulationError(description: "The tiny study did not end without faults.") }
        return all
    }
}

/// All numbers of a job's outcome, to the bit.
struct OutcomeBits: Hashable {
    let parts: [String: [UInt64]]

    init(_ outcome: TrainingOutcome) {
        parts = [
            "final parameters": outcome.finalParameters.map { UInt64($0.bitPattern) },
            "best parameters": outcome.bestParameters.map { UInt64($0.bitPattern) },
            "step losses": outcome.stepLosses.map { UInt64($0.bitPattern) },
            "epochs": outcome.epochs.flatMap {
                [UInt64($0.epoch)]
                    + [$0.trainLoss, $0.trainAccuracy, $0.validationLoss, $0.validationAccuracy].map(\.bitPattern)
            },
            "test loss": [outcome.testLoss.bitPattern],
            "chain of steps": outcome.chain.links.map { UInt64($0) },
            "confusion matrix": outcome.confusionMatrix.flatMap { $0 }.map { UInt64($0) },
        ]
    }

    /// The names of the parts that differ.
    func differences(from other: OutcomeBits) -> [String] { parts.keys.filter { parts[$0] != other.parts[$0] }.sorted() }

    var stepLosses: [UInt64] { parts["step losses"] ?? [] }
}

/// A simulation that cannot be begun.
package struct SimulationError: Error, CustomStringConvertible {
    package let description: String
}
