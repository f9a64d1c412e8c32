import CNNCore
import Testing
import TrainingProtocol
import Worker

/// A worker alone, with messages made by hand.
struct Bench {
    var machine: WorkerMachine
    var now = Duration.zero

    init(giveUpAfter: Duration? = nil) {
        let introduction = WorkerIntroduction(profile: "p", instructionSet: "i", host: "h", processID: 1, slots: 2)
        machine = WorkerMachine(
            settings: WorkerSettings(endpoint: "tcp://there:1", introduction: introduction, giveUpAfter: giveUpAfter), now: .zero)
    }

    mutating func tell(_ event: WorkerEvent, after time: Duration = .zero) -> Doings {
        now += time
        return Doings(machine.handle(event, now: now))
    }

    mutating func receive(_ message: CoordinatorMessage, after time: Duration = .zero) -> Doings {
        tell(.received(message.frames()), after: time)
    }

    /// Connected and taken, with a heartbeat a second and ten seconds of silence.
    mutating func serve(run: UInt64 = 5) {
        _ = tell(.connected)
        _ = receive(.welcome(Welcome(run: run, heartbeatInterval: .seconds(1), silenceLimit: .seconds(10))))
    }

    static func piece(_ number: UInt64, run: UInt64 = 5, parameters: UInt64 = 1, attached: Bool = true, model: SmallCNN? = nil) throws
        -> PieceOfWork
    {
        let model = try model ?? SmallCNN(firstChannels: 1, secondChannels: 1, kernelSize: 1, classes: 2, height: 2, width: 2)
        return PieceOfWork(
            run: run, piece: number, job: 0, kind: .train, model: model, seed: 1, step: 0, batchSize: 3, quanta: 0..<1,
            normalization: .mnist,
            parametersID: parameters,
            parameters: attached ? Frame(floats: [Float](repeating: Float(parameters), count: model.parameterCount)) : nil,
            pixels: Frame(bytes: [UInt8](repeating: 9, count: 3 * model.height * model.width)), labels: Frame(bytes: [0, 1, 0]))
    }

    static func result(of piece: PieceOfWork) -> PieceResult {
        PieceResult(
            run: piece.run, piece: piece.piece, job: piece.job, step: piece.step, quanta: piece.quanta, parameters: piece.parametersID,
            lossSum: 1, correct: 1, values: Frame(floats: [Float](repeating: 0, count: piece.model.parameterCount)))
    }
}

/// What a worker wanted done, sorted.
struct Doings {
    var sent: [WorkerMessage] = []
    var connects = 0
    var end: WorkerEnd?

    init(_ actions: [WorkerAction]) {
        for action in actions {
            switch action {
            case .connect: connects += 1
            case .send(let frames):
                do { sent.append(try WorkerMessage(frames: frames)) } catch { Issue.record(error) }
            case .log: break
            case .finish(let end): self.end = end
            }
        }
    }

    var names: [String] {
        sent.map {
            switch $0 {
            case .hello: "hello"
            case .result: "result"
            case .declined: "declined"
            case .goodbye: "goodbye"
            case .heartbeat: "heartbeat"
            }
        }
    }
}

struct WorkerMachineTests {
    @Test(
        "After a message that was damaged on its way the worker begins anew, without what it had",
        arguments: [ProtocolViolation.damaged, .foreign("it has no frames"), .version(9)])
    func damagedMessage(violation: ProtocolViolation) throws {
        var bench = Bench()
        bench.serve()
        _ = bench.receive(.work(try Bench.piece(1)), after: .seconds(2))
        let doings = bench.tell(.unreadable(violation))
        #expect(doings.connects == 1 && doings.end == nil)
        #expect(!bench.machine.hasWork)
    }

    @Test("Before WELCOME damage makes the worker begin anew too, a stranger's noise does not, and another version ends it")
    func damagedWelcome() throws {
        for violation in [ProtocolViolation.damaged, .foreign("it has no frames"), .version(9)] {
            var bench = Bench()
            _ = bench.tell(.connected)
            let doings = bench.tell(.unreadable(violation), after: .seconds(2))
            #expect(doings.connects == (violation == .damaged ? 1 : 0), "\(violation)")
            #expect((doings.end != nil) == (violation == .version(9)), "\(violation)")
        }
    }

    @Test("A message that was read beforehand counts as one that arrives")
    func understood() throws {
        var bench = Bench()
        bench.serve()
        #expect(bench.tell(.understood(.work(try Bench.piece(1)))).names == [])
        #expect(bench.machine.beginPiece()?.piece == 1)
        #expect(bench.tell(.understood(.work(try Bench.piece(2, parameters: 9, attached: false)))).names == ["declined"])
        #expect(bench.tell(.understood(.stop("Done."))).end == .stopped("Done."))
    }

    @Test("A worker says HELLO when its connection is there, and anew on another when nobody answers")
    func hello() {
        var bench = Bench()
        #expect(bench.machine.awaitsConnection)
        for _ in 0..<9 { #expect(bench.tell(.tick, after: .seconds(1)).connects == 0) }
        #expect(bench.tell(.tick, after: .seconds(3600)).connects == 0)
        #expect(bench.tell(.tick, after: .seconds(1)).connects == 1)
        #expect(bench.tell(.tick, after: .seconds(1)).connects == 0)
        #expect(bench.tell(.connected).names == ["hello"])
        for _ in 0..<4 { #expect(bench.tell(.tick, after: .seconds(1)).connects == 0) }
        #expect(bench.tell(.tick, after: .seconds(1)).connects == 1)
        #expect(bench.tell(.connected).names == ["hello"])
    }

    @Test("A worker that hears nothing from its coordinator for the silence limit connects anew")
    func silence() {
        var bench = Bench()
        bench.serve()
        for _ in 0..<9 { #expect(bench.tell(.tick, after: .seconds(1)).names == ["heartbeat"]) }
        #expect(bench.receive(.heartbeat(run: 5)).connects == 0)
        for _ in 0..<10 { #expect(bench.tell(.tick, after: .seconds(1)).connects == 0) }
        #expect(bench.tell(.tick, after: .milliseconds(1)).connects == 1)
    }

    @Test("A worker gives up in a sentence that names the endpoint, or never")
    func givingUp() {
        var bench = Bench(giveUpAfter: .seconds(30))
        for _ in 0..<29 { #expect(bench.tell(.tick, after: .seconds(1)).end == nil) }
        guard case .gaveUp(let sentence)? = bench.tell(.tick, after: .seconds(1)).end else {
            Issue.record("it did not give up")
            return
        }
        #expect(sentence.contains("tcp://there:1"))
        var patient = Bench()
        for _ in 0..<10_000 { #expect(patient.tell(.tick, after: .seconds(1)).end == nil) }
    }

    @Test("A time in which the worker itself stood still does not count as the coordinator's silence")
    func standstill() {
        var bench = Bench(giveUpAfter: .seconds(30))
        bench.serve()
        for _ in 0..<9 { _ = bench.tell(.tick, after: .seconds(1)) }
        // Stopped for an hour; the coordinator's heartbeats are in the socket, unread.
        let awake = bench.tell(.tick, after: .seconds(3600))
        #expect(awake.connects == 0 && awake.end == nil && awake.names == ["heartbeat"])
        #expect(bench.tell(.tick, after: .seconds(1)).connects == 0)
        #expect(bench.tell(.tick, after: .milliseconds(1)).connects == 1)
        _ = bench.tell(.connected)
        #expect(bench.tell(.tick, after: .seconds(3600)).connects == 0)
        for _ in 0..<4 { #expect(bench.tell(.tick, after: .seconds(1)).connects == 0) }
        #expect(bench.tell(.tick, after: .seconds(1)).connects == 1)
        for _ in 0..<14 { #expect(bench.tell(.tick, after: .seconds(1)).end == nil) }
        #expect(bench.tell(.tick, after: .seconds(1)).end != nil)
    }

    @Test("What a coordinator says last ends the worker")
    func ends() {
        var bench = Bench()
        bench.serve()
        let stopped = bench.receive(.stop("Done."))
        #expect(stopped.names == ["goodbye"])
        #expect(stopped.end == .stopped("Done."))
        #expect(bench.tell(.tick, after: .seconds(100)).sent.isEmpty)

        bench = Bench()
        _ = bench.tell(.connected)
        guard case .refused(let sentence)? = bench.receive(.refusal("Too old.")).end else {
            Issue.record("it was not refused")
            return
        }
        #expect(sentence.contains("Too old."))

        bench = Bench()
        bench.serve()
        let left = bench.tell(.leaveRequested("Interrupted."))
        #expect(left.names == ["goodbye"])
        #expect(left.end == .left("Interrupted."))
    }

    @Test("What asks for a new connection gets one, at most one a second")
    func reintroduction() {
        var bench = Bench()
        bench.serve()
        #expect(bench.receive(.reintroduce).connects == 0)
        #expect(bench.tell(.tick, after: .milliseconds(900)).connects == 0)
        #expect(bench.tell(.tick, after: .milliseconds(100)).connects == 1)
        bench.serve()
        #expect(bench.tell(.undeliverable, after: .seconds(2)).connects == 1)
        // A connection that is only being made has nothing to lose.
        #expect(bench.tell(.undeliverable).connects == 0)
    }

    @Test("Pieces are computed in order, and their results sent")
    func work() throws {
        var bench = Bench()
        bench.serve()
        for number in 1...2 { _ = bench.receive(.work(try Bench.piece(UInt64(number)))) }
        for number in UInt64(1)...2 {
            let begun = bench.machine.beginPiece()
            let piece = try #require(begun)
            #expect(piece.piece == number)
            #expect(!bench.machine.hasWork)
            #expect(bench.machine.beginPiece() == nil)
            let doings = bench.tell(.computed(Bench.result(of: piece)))
            guard case .result(let result)? = doings.sent.first else {
                Issue.record("no result")
                return
            }
            #expect(result.piece == number)
        }
        #expect(!bench.machine.hasWork)
    }

    @Test("While a piece is computed heartbeats tell how far it is")
    func progress() throws {
        var bench = Bench()
        bench.serve()
        _ = bench.receive(.work(try Bench.piece(3)))
        _ = bench.machine.beginPiece()
        #expect(bench.tell(.progressed(quantaDone: 1), after: .milliseconds(999)).sent.isEmpty)
        guard case .heartbeat(let progress)? = bench.tell(.progressed(quantaDone: 2), after: .milliseconds(1)).sent.first else {
            Issue.record("no heartbeat")
            return
        }
        #expect(progress == WorkerProgress(run: 5, piecesDone: 0, piece: 3, quantaDone: 2))
    }

    @Test("The parameters received last are kept, eight of them")
    func parameters() throws {
        var bench = Bench()
        bench.serve()
        for id in UInt64(1)...9 {
            _ = bench.receive(.work(try Bench.piece(id, parameters: id)))
            #expect(bench.machine.beginPieceAndEnd()?.parametersID == id)
        }
        // The first gave way to the ninth; the second is there still.
        #expect(bench.receive(.work(try Bench.piece(10, parameters: 1, attached: false))).names == ["declined"])
        #expect(bench.receive(.work(try Bench.piece(11, parameters: 2, attached: false))).names.isEmpty)
        let begun = bench.machine.beginPiece()
        let piece = try #require(begun)
        #expect(piece.parameters?.floats().first == 2)
    }

    @Test("Parameters of another model's size are not computed with")
    func wrongParameters() throws {
        var bench = Bench()
        bench.serve()
        _ = bench.receive(.work(try Bench.piece(1, parameters: 1)))
        let larger = try SmallCNN(firstChannels: 2, secondChannels: 1, kernelSize: 1, classes: 2, height: 2, width: 2)
        #expect(bench.receive(.work(try Bench.piece(2, parameters: 1, attached: false, model: larger))).names == ["declined"])
    }

    @Test("A second WELCOME makes the worker forget what it held, and the result of what it computes")
    func welcomedAgain() throws {
        var bench = Bench()
        bench.serve()
        for number in 1...2 { _ = bench.receive(.work(try Bench.piece(UInt64(number)))) }
        let begun = bench.machine.beginPiece()
        let piece = try #require(begun)
        bench.serve()
        _ = bench.receive(.welcome(Welcome(run: 5, heartbeatInterval: .seconds(1), silenceLimit: .seconds(10))))
        #expect(bench.tell(.computed(Bench.result(of: piece))).sent.isEmpty)
        #expect(!bench.machine.hasWork)
        #expect(bench.receive(.work(try Bench.piece(3, parameters: 1, attached: false))).names == ["declined"])
    }

    @Test("More pieces than the worker has slots for are declined")
    func tooManyPieces() throws {
        var bench = Bench()
        bench.serve()
        for number in 1...2 { #expect(bench.receive(.work(try Bench.piece(UInt64(number)))).sent.isEmpty) }
        guard case .declined(5, 3, let reason)? = bench.receive(.work(try Bench.piece(3))).sent.first else {
            Issue.record("not declined")
            return
        }
        #expect(reason == "2 pieces wait already")
    }

    @Test("Work of another run is passed over")
    func otherRun() throws {
        var bench = Bench()
        bench.serve(run: 5)
        #expect(bench.receive(.work(try Bench.piece(1, run: 6))).sent.isEmpty)
        #expect(!bench.machine.hasWork)
    }

    @Test("A coordinator that cannot be understood ends the worker in words, a stranger's noise does not")
    func garbage() {
        var bench = Bench()
        bench.serve()
        #expect(bench.tell(.received([Frame(bytes: [0xFF, 1, 2])])).end == nil)
        // Field 1, the version, is 9; field 9, REINTRODUCE, is empty.
        guard case .refused(let sentence)? = bench.tell(.received([Frame(bytes: [0x08, 9, 0x4A, 0])])).end else {
            Issue.record("it went on")
            return
        }
        #expect(sentence.contains("version 9"))
    }
}

extension WorkerMachine {
    mutating func beginPieceAndEnd() -> PieceOfWork? {
        guard let piece = beginPiece() else { return nil }
        _ = handle(.computed(Bench.result(of: piece)), now: .zero)
        return piece
    }
}
