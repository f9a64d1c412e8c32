import CNNCore
import TrainingProtocol
import Worker

/// A worker whose coordinator sends damaged messages in any order. What it takes for work it computes, so the kernels are under test too.
///
/// Unless it has ended with a sentence, it must then do a good coordinator's work, bit for bit.
struct WorkerTarget: FuzzTarget {
    let name = "worker"
    let share = 80
    private static let runName: UInt64 = 7
    private let samples: [[[UInt8]]]
    private let computer: PieceComputer
    private let work: PieceOfWork
    /// What `work` comes to.
    private let truth: [UInt8]

    init() throws {
        let instructionSet = try InstructionSet.best()
        samples = try SampleMessages.coordinator(run: Self.runName).map(bytes)
        computer = PieceComputer(instructionSet: instructionSet)
        work = try SampleMessages.piece(run: Self.runName, .train)
        let result = PieceComputer(instructionSet: instructionSet).compute(work) { _ in }
        truth = result.values.bytes()
    }

    func run(_ random: inout CaseRandom, trace: Trace?) throws(Finding) -> FuzzOutcome {
        let scene = WorkerScene(computer: computer, giveUpAfter: random.oneIn(4) ? .seconds(60) : nil)
        try scene.tell(.connected)
        // Most conversations begin well, so that work is taken at all.
        if random.below(4) != 0 { try scene.tell(.received(frames(samples[0]))) }
        for _ in 0..<1 + random.below(12) where scene.end == nil {
            var message = random.pick(samples)
            if random.oneIn(2) { mutateMessage(&message, &random) }
            trace?("message of the coordinator", message)
            try scene.tell(.received(frames(message)))
            switch random.below(8) {
            case 0...3: try scene.compute()
            case 4: try scene.pass(.milliseconds(random.below(20_000)))
            case 5: try scene.tell(.progressed(quantaDone: random.below(4)))
            case 6 where random.oneIn(4): try scene.tell(.undeliverable)
            default: continue
            }
        }
        if scene.end != nil { return .refused }
        try scene.beginAnew()
        guard scene.end == nil else { return .refused }
        try scene.tell(.received(frames(samples[0])))
        try scene.tell(.received(frames(bytes(CoordinatorMessage.work(work).frames()))))
        try scene.compute()
        try require(scene.lastResult?.values.bytes() == truth, "the worker does a good coordinator's work wrong, or not at all")
        return .accepted
    }
}

/// A worker, and the thread that computes for it.
private final class WorkerScene {
    private let computer: PieceComputer
    private var worker: WorkerMachine
    private var now = Duration.zero
    private(set) var end: WorkerEnd?
    /// The last result that was sent.
    private(set) var lastResult: PieceResult?

    init(computer: PieceComputer, giveUpAfter: Duration?) {
        self.computer = computer
        worker = WorkerMachine(
            settings: WorkerSettings(endpoint: "here", introduction: SampleMessages.introduction(), giveUpAfter: giveUpAfter), now: now)
    }

    func tell(_ event: WorkerEvent) throws(Finding) {
        for action in worker.handle(event, now: now) {
            switch action {
            case .connect: continue
            case .log(let line): try requireLine(line)
            case .send(let frames): try take(frames)
            case .finish(let end):
                self.end = end
                switch end {
                case .stopped(let sentence), .refused(let sentence), .gaveUp(let sentence), .left(let sentence):
                    try requireLine(sentence)
                }
            }
        }
    }

    /// Takes what the worker sends, which the coordinator must be able to read.
    private func take(_ frames: [Frame]) throws(Finding) {
        do {
            if case .result(let result) = try WorkerMessage(frames: frames) { lastResult = result }
        } catch {
            throw Finding("the worker sends what coordinators do not take: \(error)")
        }
    }

    /// Computes the next piece, if there is one.
    func compute() throws(Finding) {
        guard let piece = worker.beginPiece() else { return }
        try tell(.computed(isCheap(piece) ? computer.compute(piece) { _ in } : placeholder(for: piece)))
    }

    func pass(_ duration: Duration) throws(Finding) {
        now += duration
        try tell(.tick)
    }

    /// Has the worker connect anew, and say HELLO.
    func beginAnew() throws(Finding) {
        try tell(.received(CoordinatorMessage.reintroduce.frames()))
        if end == nil, !worker.awaitsConnection { try pass(.seconds(2)) }
        try tell(.connected)
    }

    /// Whether a piece takes little time and memory; the format allows networks that take much.
    private func isCheap(_ piece: PieceOfWork) -> Bool {
        let model = piece.model
        let activations = model.height * model.width * model.firstChannels
        return activations <= 1 << 14 && model.parameterCount <= 1 << 14
            && activations * model.secondChannels * model.kernelSize * model.kernelSize * piece.sampleCount <= 1 << 21
    }

    /// A result in form alone.
    private func placeholder(for piece: PieceOfWork) -> PieceResult {
        PieceResult(
            run: piece.run, piece: piece.piece, job: piece.job, step: piece.step, quanta: piece.quanta, parameters: piece.parametersID,
            lossSum: 0, correct: 0, values: Frame(bytes: []))
    }
}
