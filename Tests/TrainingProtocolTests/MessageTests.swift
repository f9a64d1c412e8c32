import CNNCore
import Testing
import TrainingProtocol

/// One message of every kind.
enum Samples {
    static let worker: [WorkerMessage] = [
        .hello(WorkerIntroduction(profile: "minishard-f32-4", instructionSet: "avx2", host: "there", processID: 77, slots: 2)),
        .result(
            PieceResult(
                run: .max, piece: 9, job: 3, step: 70_000, quanta: 4..<8, parameters: 12, lossSum: 2.5, correct: 3,
                values: Frame(floats: [1, -2, 0.5]))),
        .declined(run: 1, piece: 2, reason: "why"), .goodbye("bye"),
        .heartbeat(WorkerProgress(run: 1, piecesDone: 2, piece: 3, quantaDone: 4)),
    ]

    static func piece() throws -> PieceOfWork {
        let model = try SmallCNN(firstChannels: 2, secondChannels: 1, kernelSize: 3, classes: 3, height: 4, width: 2, dropout: 0.25)
        return PieceOfWork(
            run: 0xFFFF_0000_FFFF_0000, piece: 8, job: 2, kind: .train, model: model, seed: .max, step: 5, batchSize: 13, quanta: 1..<2,
            normalization: .mnist, parametersID: 99, parameters: Frame(floats: (0..<model.parameterCount).map { Float($0) }),
            pixels: Frame(bytes: (0..<5 * 8).map { UInt8($0) }), labels: Frame(bytes: [0, 1, 2, 1, 0]))
    }

    static func coordinator() throws -> [CoordinatorMessage] {
        [
            .welcome(Welcome(run: 4, heartbeatInterval: .seconds(1), silenceLimit: .seconds(10))), .refusal("no"), .work(try piece()),
            .reintroduce, .stop("done"), .heartbeat(run: 6),
        ]
    }

    /// Frames as plain bytes, to compare.
    static func bytes(_ frames: [Frame]) -> [[UInt8]] { frames.map { $0.bytes() } }
}

struct MessageTests {
    @Test("A worker's messages survive the way")
    func workerMessages() throws {
        for message in Samples.worker {
            let frames = message.frames()
            #expect(Samples.bytes(try WorkerMessage(frames: frames).frames()) == Samples.bytes(frames))
        }
    }

    @Test("A coordinator's messages survive the way")
    func coordinatorMessages() throws {
        for message in try Samples.coordinator() {
            let frames = message.frames()
            #expect(Samples.bytes(try CoordinatorMessage(frames: frames).frames()) == Samples.bytes(frames))
        }
    }

    @Test("A piece of work arrives as it was sent")
    func work() throws {
        let sent = try Samples.piece()
        guard case .work(let piece) = try CoordinatorMessage(frames: CoordinatorMessage.work(sent).frames()) else {
            Issue.record("no work")
            return
        }
        #expect(piece.model == sent.model)
        #expect(piece.seed == .max && piece.run == sent.run && piece.piece == 8 && piece.job == 2 && piece.step == 5)
        #expect(piece.batchSize == 13 && piece.quanta == 1..<2 && piece.sampleCount == 5)
        #expect(piece.normalization == .mnist)
        #expect(piece.parametersID == 99)
        #expect(piece.parameters?.floats() == sent.parameters?.floats())
        #expect(piece.pixels.bytes() == sent.pixels.bytes())
        #expect(piece.labels.bytes() == sent.labels.bytes())
    }

    @Test("Work that does not fit together is refused in words that say what")
    func wrongWork() throws {
        func complaint(_ change: (inout PieceOfWork) throws -> Void) throws -> String {
            var piece = try Samples.piece()
            try change(&piece)
            do throws(ProtocolViolation) {
                _ = try CoordinatorMessage(frames: CoordinatorMessage.work(piece).frames())
                return ""
            } catch { return error.description }
        }
        #expect(try complaint { _ in } == "")
        #expect(try complaint { $0.batchSize = 0 }.contains("mini-batch of 0"))
        #expect(try complaint { $0.batchSize = 1 << 30 }.contains("mini-batch of 1073741824"))
        #expect(try complaint { $0.quanta = 2..<3 }.contains("quanta 2..<3"))
        #expect(try complaint { $0.quanta = 1..<1 }.contains("quanta 1..<1"))
        #expect(try complaint { $0.quanta = 0xFFFF_FFF0..<0x1_FFFF_FFEF }.contains("quanta"))
        #expect(try complaint { $0.normalization = Normalization(mean: .nan, standardDeviation: 1) }.contains("mean nan"))
        #expect(try complaint { $0.normalization = Normalization(mean: 0, standardDeviation: 0) }.contains("standard deviation 0.0"))
        #expect(try complaint { $0.pixels = Frame(bytes: [1, 2, 3]) }.contains("3 bytes of pixels for 5 images of 4x2"))
        #expect(try complaint { $0.labels = Frame(bytes: [0, 1]) }.contains("2 labels for 5 images"))
        #expect(try complaint { $0.labels = Frame(bytes: [0, 1, 3, 0, 0]) }.contains("label 3"))
        #expect(try complaint { $0.parameters = Frame(floats: [1]) }.contains("4 bytes of parameters"))
    }

    @Test("A message of the other side, or with frames too many or too few, is refused")
    func wrongShape() throws {
        for message in Samples.worker {
            let frames = message.frames()
            #expect(throws: ProtocolViolation.self) { try WorkerMessage(frames: frames + [Frame(bytes: [])]) }
            #expect(throws: ProtocolViolation.self) { try WorkerMessage(frames: frames.dropLast()) }
            // A heartbeat is the one message that both may send.
            if case .heartbeat = message { continue }
            #expect(throws: ProtocolViolation.self) { try CoordinatorMessage(frames: frames) }
        }
        for message in try Samples.coordinator() {
            let frames = message.frames()
            #expect(throws: ProtocolViolation.self) { try CoordinatorMessage(frames: frames + [Frame(bytes: [])]) }
            #expect(throws: ProtocolViolation.self) { try CoordinatorMessage(frames: frames.dropLast()) }
            if case .heartbeat = message { continue }
            #expect(throws: ProtocolViolation.self) { try WorkerMessage(frames: frames) }
        }
    }

    @Test("Another version is told apart from what is no message at all")
    func version() throws {
        // Field 1, the version; field 2, HELLO.
        #expect(throws: ProtocolViolation.version(9)) { try WorkerMessage(frames: [Frame(bytes: [0x08, 9, 0x12, 0])]) }
        for header: [UInt8] in [[], [0x12, 0], [0x08, UInt8(TrainingProtocol.version)], [0xFF], [UInt8](repeating: 0, count: 5000)] {
            #expect {
                try WorkerMessage(frames: [Frame(bytes: header)])
            } throws: { error in
                if case ProtocolViolation.foreign = error { true } else { false }
            }
        }
    }

    @Test("A peer's text is one line without control characters when it reaches a log")
    func text() throws {
        let nasty = "a\nb\u{1B}[31mc\u{202E}d" + String(repeating: "x", count: 1000)
        guard case .goodbye(let text) = try WorkerMessage(frames: WorkerMessage.goodbye(nasty).frames()) else {
            Issue.record("no goodbye")
            return
        }
        #expect(text.hasPrefix("a b [31mc d"))
        #expect(text.count == 300)
    }

    @Test("A reason that a peer leaves out is said to be missing")
    func noReason() throws {
        guard case .stop(let stop) = try CoordinatorMessage(frames: CoordinatorMessage.stop("").frames()),
            case .refusal(let refusal) = try CoordinatorMessage(frames: CoordinatorMessage.refusal("").frames()),
            case .goodbye(let goodbye) = try WorkerMessage(frames: WorkerMessage.goodbye("").frames()),
            case .declined(_, _, let declined) = try WorkerMessage(frames: WorkerMessage.declined(run: 1, piece: 1, reason: "").frames())
        else {
            Issue.record("another message")
            return
        }
        #expect([stop, refusal, goodbye, declined] == [String](repeating: "It gave no reason.", count: 4))
    }
}
