import CNNCore
import Coordinator
import Testing
import TrainingProtocol

/// A coordinator alone, with messages made by hand.
struct Desk {
    static let run: UInt64 = 0xABCD
    let coordinator: CoordinatorMachine
    var now = Duration.zero

    /// A coordinator that audits nothing, since the numbers of results are made up here, unless `change` says otherwise.
    init(
        jobs: [TrainingJob], change: (inout CoordinatorSettings) -> Void = { _ in }, tensors: CoordinatorTensors? = nil
    ) throws {
        var settings = CoordinatorSettings(run: Self.run, instructionSet: try InstructionSet.best())
        settings.auditShare = 0
        change(&settings)
        coordinator = try CoordinatorMachine(jobs: jobs, dataset: TestJobs.dataset, settings: settings, tensors: tensors)
    }

    func receive(_ message: WorkerMessage, from peer: UInt8) -> Answers { receive(message.frames(), from: peer) }

    func receive(_ frames: [Frame], from peer: UInt8) -> Answers { tell(.received(from: PeerID([peer]), frames: frames)) }

    func tell(_ event: CoordinatorEvent) -> Answers { Answers(coordinator.handle(event, now: now)) }

    func hello(_ peer: UInt8, slots: Int = 2, profile: String = TrainingProtocol.profile) -> Answers {
        receive(
            .hello(WorkerIntroduction(profile: profile, instructionSet: "test", host: "host", processID: UInt32(peer), slots: slots)),
            from: peer)
    }

    /// A result as it should be, but for its numbers.
    func result(of piece: PieceOfWork, gradient: Float = 0.001) -> PieceResult {
        let values =
            piece.kind == .train
            ? Frame(floats: [Float](repeating: gradient, count: piece.model.parameterCount))
            : Frame(bytes: [UInt8](repeating: 0, count: piece.sampleCount * 4))
        let correct = piece.kind == .train ? 0 : piece.labels.bytes().count { $0 == 0 }
        return PieceResult(
            run: piece.run, piece: piece.piece, job: piece.job, step: piece.step, quanta: piece.quanta, parameters: piece.parametersID,
            lossSum: 1, correct: correct, values: values)
    }
}

/// What a coordinator answered, sorted.
struct Answers {
    var messages: [(peer: UInt8, message: CoordinatorMessage)] = []
    var observations: [TrainingObservation] = []
    var log: [String] = []
    var end: CoordinatorEnd?

    init(_ actions: [CoordinatorAction]) {
        for action in actions {
            switch action {
            case .send(let frames, let peer):
                do { messages.append((peer.bytes[0], try CoordinatorMessage(frames: frames))) } catch { Issue.record(error) }
            case .log(_, let line): log.append(line)
            case .observe(let observation): observations.append(observation)
            case .checkpoint: break
            case .finish(let end): self.end = end
            }
        }
    }

    var work: [(peer: UInt8, piece: PieceOfWork)] {
        messages.compactMap { if case .work(let piece) = $0.message { ($0.peer, piece) } else { nil } }
    }
    var refusals: [(peer: UInt8, sentence: String)] {
        messages.compactMap { if case .refusal(let sentence) = $0.message { ($0.peer, sentence) } else { nil } }
    }
    var welcomes: Int { messages.count { if case .welcome = $0.message { true } else { false } } }
    var reintroductions: Int { messages.count { if case .reintroduce = $0.message { true } else { false } } }
    var stops: Int { messages.count { if case .stop = $0.message { true } else { false } } }
    var losses: [Float] { observations.compactMap { if case .stepFinished(_, _, let loss) = $0 { loss } else { nil } } }
    var failures: [String] { observations.compactMap { if case .jobFailed(_, let reason) = $0 { reason } else { nil } } }
}

struct FaultTests {
    private func desk(jobs: Int = 1) throws -> Desk { try Desk(jobs: try TestJobs.mixed(jobs)) }

    @Test("A result that cannot be right gets its sender refused and its piece computed elsewhere", arguments: RubbishResult.allCases)
    func rubbish(_ rubbish: RubbishResult) throws {
        let desk = try desk()
        let given = desk.hello(1, slots: 1).work
        let piece = try #require(given.first?.piece)
        _ = desk.hello(2, slots: 1)
        let answers = desk.receive(.result(rubbish.spoil(desk.result(of: piece))), from: 1)
        #expect(answers.refusals.map(\.peer) == [1])
        #expect(answers.refusals.first?.sentence.contains(rubbish.clue) ?? false, "\(answers.refusals)")
        #expect(answers.work.map(\.peer) == [2])
        #expect(answers.work.first?.piece.quanta == piece.quanta)
        #expect(desk.coordinator.connectedWorkers.map(\.processID) == [2])
        // Whatever else it says, it gets no answer.
        #expect(desk.hello(1).messages.isEmpty)
    }

    @Test(
        "A message damaged on its way costs its worker the connection, not its place",
        arguments: [ProtocolViolation.damaged, .foreign("it has no frames")])
    func damaged(violation: ProtocolViolation) throws {
        let desk = try desk()
        let piece = try #require(desk.hello(1, slots: 1).work.first?.piece)
        _ = desk.hello(2, slots: 1)
        let answers = desk.tell(.unreadable(from: PeerID([1]), violation))
        #expect(answers.reintroductions == 1 && answers.refusals.isEmpty)
        #expect(answers.work.map(\.peer) == [2] && answers.work.first?.piece.quanta == piece.quanta)
        #expect(answers.log.contains { $0.contains("damaged") })
        #expect(desk.coordinator.connectedWorkers.map(\.processID) == [2])
        #expect(desk.hello(1).welcomes == 1)
        // Nobody knows whose message a stranger's was meant to be.
        #expect(desk.tell(.unreadable(from: PeerID([9]), .damaged)).messages.isEmpty)
        #expect(desk.hello(9).messages.isEmpty)
    }

    @Test("When a connection was closed those who hold work are written to, for that shows whose it was")
    func closedConnection() throws {
        let desk = try desk()
        _ = desk.hello(1, slots: 1)
        _ = desk.hello(2, slots: 1)
        let answers = desk.tell(.connectionClosed)
        let busy = answers.messages.compactMap { if case .heartbeat = $0.message { $0.peer } else { nil } }
        #expect(busy == [1])
        let lost = desk.tell(.undeliverable(to: PeerID([1])))
        #expect(lost.work.map(\.peer) == [2])
    }

    @Test("A late result, of another run or for another's piece, is passed over")
    func late() throws {
        let desk = try desk()
        let piece = try #require(desk.hello(1, slots: 1).work.first?.piece)
        let good = desk.result(of: piece)
        var late = good
        late.run = 7
        #expect(desk.receive(.result(late), from: 1).messages.isEmpty)
        late = good
        late.piece = 99
        #expect(desk.receive(.result(late), from: 1).messages.isEmpty)
        _ = desk.hello(2, slots: 1)
        #expect(desk.receive(.result(good), from: 2).observations.isEmpty)
        let answers = desk.receive(.result(good), from: 1)
        #expect(answers.observations.count == 1)
        #expect(desk.receive(.result(good), from: 1).observations.isEmpty)
    }

    @Test("A training that diverges ends its job, and blames no worker")
    func divergence() throws {
        let network = try Network(
            jobs: [
                TestJobs.job(model: try TestJobs.model(), optimizer: .init(learningRate: 1e38)),
                TestJobs.job(model: try TestJobs.model()),
            ], workers: 2)
        #expect(network.run())
        #expect(network.failures.count == 1)
        #expect(network.failures[0]?.contains("diverged") ?? false)
        #expect(network.outcomes[1] != nil)
        #expect(!network.log.contains { $0.contains("Refused") })
    }

    @Test("A result that is not finite without need gets its sender refused, and holds nothing up")
    func falseAlarm() throws {
        let desk = try desk()
        let piece = try #require(desk.hello(1, slots: 1).work.first?.piece)
        _ = desk.hello(2, slots: 1)
        let answers = desk.receive(.result(desk.result(of: piece, gradient: .nan)), from: 1)
        #expect(answers.refusals.map(\.peer) == [1])
        #expect(answers.refusals.first?.sentence.contains("training step 1 of test, seed 0") ?? false, "\(answers.refusals)")
        #expect(answers.observations.contains { if case .stepFinished = $0 { true } else { false } })
        #expect(answers.work.map(\.peer) == [2])
    }

    @Test("A refusal can be read by those who are refused, whatever they call themselves")
    func refusalOfLongNames() throws {
        // A single character, however many bytes.
        let name = "e" + String(repeating: "\u{301}", count: 900)
        let introduction = WorkerIntroduction(profile: name, instructionSet: "", host: name, processID: 1, slots: 1)
        let answers = try desk().receive(.hello(introduction), from: 1)
        #expect(answers.refusals.count == 1)
    }

    @Test("Workers of another version are refused in words that name it")
    func otherVersion() throws {
        // Field 1, the version, is 99; field 2, HELLO, is empty.
        let hello = [Frame(bytes: [0x08, 99, 0x12, 0])]
        let desk = try desk()
        let answers = desk.receive(hello, from: 1)
        #expect(answers.refusals.first?.sentence.contains("99") ?? false)
        #expect(desk.receive(hello, from: 1).messages.isEmpty)
    }

    @Test("What is no message of ours gets no answer, and one line in the log")
    func strangers() throws {
        let desk = try desk()
        #expect(desk.hello(1).work.count == 1)
        for frames in [[], [Frame(bytes: [])], [Frame(bytes: [0xFF, 0xFF])], [Frame(bytes: [UInt8](repeating: 65, count: 100_000))]] {
            let answers = desk.receive(frames, from: 2)
            #expect(answers.messages.isEmpty)
            #expect(answers.log.count == (frames.isEmpty ? 1 : 0))
        }
        #expect(desk.coordinator.connectedWorkers.count == 1)
    }

    @Test("However many strangers there are, the log stays short")
    func manyStrangers() throws {
        let desk = try desk()
        var lines = 0
        for stranger in 0..<6000 {
            let peer = PeerID(withUnsafeBytes(of: stranger) { [UInt8]($0) })
            lines += desk.tell(.received(from: peer, frames: [Frame(bytes: [1, 2, 3])])).log.count
        }
        for _ in 0..<700 { lines += desk.tell(.tick).log.count }
        #expect((2...12).contains(lines))
    }

    @Test("A worker that nobody knows is asked to say HELLO again, and its GOODBYE is left at that")
    func unknown() throws {
        let desk = try desk()
        let heartbeat = WorkerMessage.heartbeat(WorkerProgress(run: 1, piecesDone: 0, piece: 0, quantaDone: 0))
        #expect(desk.receive(heartbeat, from: 1).reintroductions == 1)
        #expect(desk.receive(.goodbye("bye"), from: 1).messages.isEmpty)
        #expect(desk.hello(1).welcomes == 1)
    }

    @Test("A piece that a worker declines goes to another worker")
    func declined() throws {
        let desk = try desk()
        let piece = try #require(desk.hello(1, slots: 1).work.first?.piece)
        _ = desk.hello(2, slots: 1)
        let answers = desk.receive(.declined(run: Desk.run, piece: piece.piece, reason: "no memory"), from: 1)
        #expect(answers.refusals.first?.sentence.contains("no memory") ?? false)
        #expect(answers.work.map(\.peer) == [2])
    }

    @Test("Silence, a lost connection, a dead process and GOODBYE all free a worker's pieces", arguments: 0..<4)
    func lostWorkers(way: Int) throws {
        var desk = try desk()
        let piece = try #require(desk.hello(1, slots: 1).work.first?.piece)
        var answers: Answers
        switch way {
        case 0:
            for second in 1...10 {
                desk.now = .seconds(second)
                _ = desk.tell(.tick)
            }
            #expect(desk.coordinator.connectedWorkers.count == 1)
            desk.now = .seconds(11)
            answers = desk.tell(.tick)
        case 1: answers = desk.tell(.undeliverable(to: PeerID([1])))
        case 2:
            #expect(desk.tell(.processEnded(host: "elsewhere", processID: 1, cause: "was killed")).observations.isEmpty)
            answers = desk.tell(.processEnded(host: "host", processID: 1, cause: "was killed"))
        default: answers = desk.receive(.goodbye("off I go"), from: 1)
        }
        guard case .workerLeft(_, _, workers: 0)? = answers.observations.first else {
            Issue.record("no worker left")
            return
        }
        #expect(desk.hello(2, slots: 1).work.first?.piece.quanta == piece.quanta)
    }

    @Test("A coordinator that was itself stopped for a while blames no worker")
    func stoppedItself() throws {
        var desk = try desk()
        _ = desk.hello(1)
        _ = desk.tell(.tick)
        desk.now = .seconds(3600)
        #expect(desk.tell(.tick).observations.isEmpty)
        #expect(desk.coordinator.connectedWorkers.count == 1)
    }

    @Test("A stopped run sends its workers home, and those that come later")
    func stop() throws {
        let desk = try desk()
        _ = desk.hello(1)
        let answers = desk.tell(.stopRequested("Interrupted."))
        #expect(answers.end == .stopped("Interrupted."))
        #expect(answers.stops == 1)
        #expect(desk.hello(2).stops == 1)
        #expect(desk.receive(.goodbye(""), from: 1).observations.isEmpty)
        #expect(desk.coordinator.connectedWorkers.isEmpty)
    }
}

/// Ways in which a result can be wrong.
enum RubbishResult: CaseIterable {
    case shortGradient, longGradient, noGradient, otherJob, otherStep, otherQuanta, otherParameters, tooManyCorrect

    var clue: String {
        switch self {
        case .shortGradient, .longGradient, .noGradient: "bytes"
        case .otherJob, .otherStep, .otherQuanta, .otherParameters: "other work"
        case .tooManyCorrect: "correct predictions"
        }
    }

    func spoil(_ result: PieceResult) -> PieceResult {
        var result = result
        switch self {
        case .shortGradient: result.values = Frame(bytes: result.values.bytes().dropLast())
        case .longGradient: result.values = Frame(bytes: result.values.bytes() + [0, 0, 0, 0])
        case .noGradient: result.values = Frame(bytes: [UInt8]())
        case .otherJob: result.job += 1
        case .otherStep: result.step += 1
        case .otherQuanta: result.quanta = 0..<1
        case .otherParameters: result.parameters += 1
        case .tooManyCorrect: result.correct = 1_000_000
        }
        return result
    }
}
