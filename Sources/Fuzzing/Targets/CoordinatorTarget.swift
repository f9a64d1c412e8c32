import CNNCore
import Coordinator
import Datasets
import TrainingProtocol
import Worker

/// The coordinator with one good worker and strangers who send damaged messages: before they are known, as workers with work, and after the end.
///
/// The job must be done as if there had been no strangers, bit for bit; the good worker must be let be; and whatever the coordinator sends must be understood.
struct CoordinatorTarget: FuzzTarget {
    let name = "coordinator"
    let share = 10
    private let job: TrainingJob
    private let instructionSet: InstructionSet
    /// What the job comes to without strangers.
    private let undisturbed: [UInt64]

    init() throws {
        instructionSet = try InstructionSet.best()
        let model = try SmallCNN(firstChannels: 1, secondChannels: 2, kernelSize: 3, classes: 3, height: 4, width: 4, dropout: 0.25)
        job = TrainingJob(
            experiment: "fuzzing", seed: 1, model: model, epochs: 1, batchSize: 24, evaluationBatchSize: 8, trainingImages: 0..<40,
            validationImages: 40..<50, testImages: 0..<10)
        let scene = try Scene(job: job, instructionSet: instructionSet, allowsLies: false, trace: nil)
        try scene.finish()
        undisturbed = scene.result
    }

    func run(_ random: inout CaseRandom, trace: Trace?) throws(Finding) -> FuzzOutcome {
        // Numbers that are wrong but possible are beyond what a coordinator can see without computing them itself; they must not crash it.
        let allowsLies = random.oneIn(8)
        let scene = try Scene(job: job, instructionSet: instructionSet, allowsLies: allowsLies, trace: trace)
        for _ in 0..<4 + random.below(24) {
            try scene.strangerActs(&random)
            for _ in 0..<random.below(3) { try scene.proceed() }
        }
        try scene.finish()
        for _ in 0..<random.below(3) { try scene.strangerActs(&random) }
        if !allowsLies { try require(scene.result == undisturbed, "the job's result is not that of a run without strangers") }
        return scene.refusals > 0 ? .refused : .accepted
    }
}

/// A peer that is no good worker.
private final class Stranger {
    let peer: PeerID
    /// Pieces of work it was given, and what they truly come to.
    var pieces: [(work: PieceOfWork, truth: PieceResult)] = []

    init(_ number: UInt32) { peer = PeerID([0] + withUnsafeBytes(of: number.bigEndian) { Array($0) }) }
}

/// A coordinator, its good worker, and strangers.
private final class Scene {
    private static let runName: UInt64 = 7
    private static let goodPeer = PeerID([1])
    private let coordinator: CoordinatorMachine
    private let samples = SampleMessages.worker(run: Scene.runName).map(bytes)
    private let computer: PieceComputer
    private var worker: WorkerMachine
    private var toWorker: [[Frame]] = []
    private var strangers: [Stranger] = []
    private var lastStranger: UInt32 = 0
    private var now = Duration.zero
    private var outcome: TrainingOutcome?
    private var failure: String?
    private var end: CoordinatorEnd?
    private let allowsLies: Bool
    /// Every frame of parameters that a stranger was sent, by its name.
    private var heldParameters: [UInt64: Frame] = [:]
    private var nonFiniteResults = 0
    private let trace: Trace?
    /// Messages that turned somebody away.
    private(set) var refusals = 0

    init(job: TrainingJob, instructionSet: InstructionSet, allowsLies: Bool, trace: Trace?) throws(Finding) {
        var settings = CoordinatorSettings(run: Self.runName, instructionSet: instructionSet)
        settings.heartbeatInterval = .milliseconds(100)
        settings.silenceLimit = .milliseconds(400)
        do {
            coordinator = try CoordinatorMachine(jobs: [job], dataset: Self.dataset, settings: settings)
        } catch {
            throw Finding("the fuzzer's own job is refused: \(error)")
        }
        computer = PieceComputer(instructionSet: instructionSet)
        worker = WorkerMachine(
            settings: WorkerSettings(endpoint: "here", introduction: SampleMessages.introduction(), giveUpAfter: nil), now: now)
        self.allowsLies = allowsLies
        self.trace = trace
        for _ in 0..<3 { addStranger() }
    }

    /// 50 images of 4x4 for training and 10 for testing, in 3 classes.
    private static let dataset: Dataset = {
        func set(_ count: Int) -> ImageSet {
            ImageSet(
                height: 4, width: 4, pixels: (0..<count * 16).map { UInt8(truncatingIfNeeded: $0 &* $0 &* 29 ^ $0 >> 3) },
                labels: (0..<count).map { UInt8($0 % 3) })
        }
        return Dataset(name: "patterns", train: set(50), test: set(10))
    }()

    /// Every number of the job's result, to the bit; empty if there is none.
    var result: [UInt64] {
        guard let outcome else { return [] }
        var bits = (outcome.finalParameters + outcome.bestParameters + outcome.stepLosses).map { UInt64($0.bitPattern) }
        for epoch in outcome.epochs {
            bits += [epoch.trainLoss, epoch.trainAccuracy, epoch.validationLoss, epoch.validationAccuracy].map(\.bitPattern)
        }
        return bits + [outcome.testLoss.bitPattern] + outcome.confusionMatrix.joined().map { UInt64($0) }
    }

    // MARK: The good worker

    /// Lets the good worker do one thing, or time pass if it has nothing to do.
    func proceed() throws(Finding) {
        if worker.awaitsConnection {
            try tell(.connected)
        } else if !toWorker.isEmpty {
            try tell(.received(toWorker.removeFirst()))
        } else if let piece = worker.beginPiece() {
            try tell(.computed(computer.compute(piece) { _ in }))
        } else {
            now += .milliseconds(25)
            try happen(.tick)
            try tell(.tick)
        }
    }

    /// Lets the good worker do all that is left.
    func finish() throws(Finding) {
        var patience = 2000
        while end == nil, patience > 0 {
            try proceed()
            patience -= 1
        }
        try require(end == .completed, "the run does not end: the good worker waits for work")
        try require(outcome != nil || allowsLies, "the job failed: \(failure ?? "")")
    }

    private func tell(_ event: WorkerEvent) throws(Finding) {
        for action in worker.handle(event, now: now) {
            switch action {
            case .send(let frames): try happen(.received(from: Self.goodPeer, frames: frames))
            case .connect, .log: continue
            case .finish(let end):
                guard case .stopped = end else { throw Finding("the good worker ended: \(end)") }
            }
        }
    }

    // MARK: The coordinator

    private func happen(_ event: CoordinatorEvent) throws(Finding) {
        let actions = coordinator.handle(event, now: now)
        try require(actions.count < 64, "one event led to \(actions.count) actions")
        for action in actions {
            switch action {
            case .send(let frames, let peer): try deliver(frames, to: peer)
            case .log(_, let line): try requireLine(line)
            case .observe(.jobFinished(_, let outcome)): self.outcome = outcome
            case .observe(.jobFailed(_, let reason)):
                try requireLine(reason)
                failure = reason
            case .observe(.workerJoined(let introduction, _)): try requireLine(introduction.name)
            case .observe(.workerLeft(_, let reason, _)): try requireLine(reason)
            case .observe, .checkpoint: continue
            case .finish(let end): self.end = end
            }
        }
    }

    /// Brings what the coordinator sends to whom it is meant for, who must be able to read it.
    private func deliver(_ frames: [Frame], to peer: PeerID) throws(Finding) {
        let message: CoordinatorMessage
        do {
            message = try CoordinatorMessage(frames: frames)
        } catch {
            throw Finding("the coordinator sends what workers do not take: \(error)")
        }
        if case .refusal(let sentence) = message {
            refusals += 1
            try requireLine(sentence)
        }
        if peer == Self.goodPeer { return toWorker.append(frames) }
        guard case .work(let piece) = message, let stranger = strangers.first(where: { $0.peer == peer }) else { return }
        stranger.pieces.append((piece, truth(piece)))
    }

    /// What a piece comes to. The parameters came with it, or with an earlier one.
    private func truth(_ piece: PieceOfWork) -> PieceResult {
        var piece = piece
        if let parameters = piece.parameters { heldParameters[piece.parametersID] = parameters.aligned(to: 4) }
        piece.parameters = heldParameters[piece.parametersID]
        return computer.compute(piece) { _ in }
    }

    // MARK: The strangers

    private func addStranger() {
        lastStranger += 1
        strangers.append(Stranger(lastStranger))
    }

    func strangerActs(_ random: inout CaseRandom) throws(Finding) {
        let index = random.below(strangers.count)
        let stranger = strangers[index]
        switch random.below(10) {
        case 0...2: try send(damaged(random.pick(samples), &random), from: stranger)
        case 3: try send(bytes(WorkerMessage.hello(SampleMessages.introduction(1000 + lastStranger)).frames()), from: stranger)
        case 4, 5:
            guard let truth = stranger.pieces.first?.truth else { return }
            try send(damaged(bytes(WorkerMessage.result(truth).frames()), &random), from: stranger)
        case 6:
            guard !stranger.pieces.isEmpty else { return }
            try send(bytes(WorkerMessage.result(stranger.pieces.removeFirst().truth).frames()), from: stranger)
        case 7: try send((0..<random.below(5)).map { _ in random.bytes(random.length(upTo: 256)) }, from: stranger)
        case 8: try happen(.processEnded(host: "there", processID: 1000 + UInt32(random.below(8)), cause: "was killed by signal 9"))
        default:
            strangers.remove(at: index)
            addStranger()
            if random.oneIn(2) { try happen(.undeliverable(to: stranger.peer)) }
        }
    }

    private func damaged(_ message: [[UInt8]], _ random: inout CaseRandom) -> [[UInt8]] {
        var message = message
        mutateMessage(&message, &random)
        return message
    }

    private func send(_ message: [[UInt8]], from stranger: Stranger) throws(Finding) {
        guard allowsLies || !isLie(message, of: stranger) else { return }
        trace?("message of stranger \(stranger.peer.bytes)", message)
        try happen(.received(from: stranger.peer, frames: frames(message)))
    }

    /// Whether a message is a result that is wrong and that nobody can tell without computing it; or the second one that is not finite, which would be
    /// taken for the job's own divergence.
    private func isLie(_ message: [[UInt8]], of stranger: Stranger) -> Bool {
        guard case .result(let result)? = try? WorkerMessage(frames: frames(message)), result.run == Self.runName,
            let (work, truth) = stranger.pieces.first(where: { $0.work.piece == result.piece }), result.values.count == truth.values.count
        else { return false }
        // What the coordinator counts itself, or knows the most of, it sees.
        let hasSameValues = result.values.bytes() == truth.values.bytes()
        if result.correct > work.sampleCount || (work.kind == .evaluate && hasSameValues && result.correct != truth.correct) {
            return false
        }
        if hasSameValues, result.lossSum.bitPattern == truth.lossSum.bitPattern, result.correct == truth.correct { return false }
        if !result.lossSum.isFinite || !result.values.floats().allSatisfy(\.isFinite) {
            nonFiniteResults += 1
            return nonFiniteResults > 1
        }
        return true
    }
}
