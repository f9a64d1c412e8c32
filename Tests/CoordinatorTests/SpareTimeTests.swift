import CNNCore
import Coordinator
import Testing
import TrainingProtocol

/// What a coordinator does while nobody waits.
struct SpareTimeTests {
    /// What is done until there is nothing more to do, which must not take for ever: for each, whose message was prepared, nil if none was.
    private func spend(_ desk: Desk) -> [UInt8?] { work(desk).map { $0.peer } }

    private func work(_ desk: Desk) -> [(peer: UInt8?, frames: [Frame])] {
        var done: [(UInt8?, [Frame])] = []
        for _ in 0..<100 {
            switch desk.coordinator.catchUp() {
            case .nothing: return done
            case .something: done.append((nil, []))
            case .prepared(let frames, let peer): done.append((peer.bytes[0], frames))
            }
        }
        Issue.record("spare time has no end")
        return done
    }

    private func sent(_ actions: [CoordinatorAction]) -> [(peer: UInt8, frames: [Frame])] {
        actions.compactMap { if case .send(let frames, let peer) = $0 { (peer.bytes[0], frames) } else { nil } }
    }

    @Test("Without a core of its own a coordinator catches up while a worker is idle, and with what cannot wait while all have more to do")
    func catchingUp() throws {
        let alone = try Desk(jobs: [TestJobs.job(model: try TestJobs.model())]) { $0.sharesCores = true }
        func isIdle(_ peers: [UInt8]) -> Bool { alone.coordinator.hasIdleWorker { peers.contains($0.bytes[0]) } }
        let whole = try #require(alone.hello(1).work.first?.piece)
        #expect(!isIdle([1, 2]))
        #expect(spend(alone) == [])
        #expect(alone.hello(2).work.isEmpty)
        #expect(isIdle([1, 2]) && isIdle([2]) && !isIdle([1]))
        // The next step's halves.
        #expect(spend(alone) == [1, 2])
        let halves = alone.receive(.result(alone.result(of: whole)), from: 1).work
        #expect(halves.map(\.peer) == [1, 2])
        #expect(!isIdle([1, 2]))
        #expect(spend(alone) == [])
        #expect(alone.receive(.result(alone.result(of: halves[1].piece)), from: 2).work.isEmpty)
        #expect(isIdle([1, 2]))
        // The step's link, and halves again.
        #expect(spend(alone) == [nil, 1, 2])

        let busy = try Desk(jobs: try TestJobs.mixed(5)) { $0.sharesCores = true }
        let pieces = busy.hello(1).work + busy.hello(2).work
        #expect(spend(busy) == [])
        #expect(busy.receive(.result(busy.result(of: pieces[0].piece)), from: 1).work.count == 1)
        #expect(spend(busy) == [nil])
    }

    @Test("The message that was prepared is the one that is sent, with the parameters of its step")
    func preparedIsSent() throws {
        let desk = try Desk(jobs: [TestJobs.job(model: try TestJobs.model(), epochs: 1)])
        let whole = try #require(desk.hello(1).work.first?.piece)
        _ = desk.hello(2)
        let prepared = work(desk)
        #expect(prepared.map(\.peer) == [1, 2])
        let result = CoordinatorEvent.received(from: PeerID([1]), frames: WorkerMessage.result(desk.result(of: whole)).frames())
        let messages = sent(desk.coordinator.handle(result, now: .zero))
        #expect(messages.map(\.peer) == [1, 2])
        for (message, beforehand) in zip(messages, prepared) {
            let isSame = message.frames.map(\.owner).elementsEqual(beforehand.frames.map(\.owner)) { $0 === $1 }
            #expect(isSame)
        }
        // The same as without a moment to spare.
        let hurried = try Desk(jobs: [TestJobs.job(model: try TestJobs.model(), epochs: 1)])
        _ = hurried.hello(1)
        _ = hurried.hello(2)
        let others = sent(hurried.coordinator.handle(result, now: .zero))
        for ((_, frames), (_, expected)) in zip(messages, others) {
            guard case .work(let piece) = try CoordinatorMessage(frames: frames),
                case .work(let other) = try CoordinatorMessage(frames: expected)
            else {
                Issue.record("no work was sent")
                return
            }
            #expect(piece.step == 1 && other.step == 1)
            #expect(piece.quanta == other.quanta)
            #expect(piece.parametersID == other.parametersID)
            #expect(piece.pixels.bytes() == other.pixels.bytes())
            #expect(piece.labels.bytes() == other.labels.bytes())
            #expect(piece.parameters?.bytes() == other.parameters?.bytes())
            #expect(piece.parameters?.bytes() != whole.parameters?.bytes())
        }
    }

    @Test("Nothing is prepared beyond an epoch, which ends with other work, nor while other work waits")
    func notPrepared() throws {
        let desk = try Desk(jobs: [TestJobs.job(model: try TestJobs.model())])
        var queue = desk.hello(1, slots: 1).work.map(\.piece)
        var preparations: [Int] = []
        while let piece = queue.popLast() {
            let done = spend(desk).compactMap { $0 }
            if !done.isEmpty {
                #expect(done == [1] && piece.kind == .train)
                preparations.append(piece.step)
            }
            queue += desk.receive(.result(desk.result(of: piece)), from: 1).work.map(\.piece)
        }
        #expect(desk.coordinator.isFinished)
        // Four steps an epoch; during the second one the validation waits, as the worker takes one piece at a time.
        #expect(preparations == [0, 1, 2])
    }

    @Test("What was prepared for workers that are lost, or for another share of the step, is not missed")
    func otherwise() throws {
        let desk = try Desk(jobs: [TestJobs.job(model: try TestJobs.model())])
        let whole = try #require(desk.hello(1).work.first?.piece)
        for peer: UInt8 in [2, 3] { _ = desk.hello(peer) }
        #expect(spend(desk) == [1, 2, 3])
        #expect(desk.receive(.goodbye("Enough."), from: 2).work.isEmpty)
        _ = desk.hello(4)
        #expect(spend(desk) == [4])
        let work = desk.receive(.result(desk.result(of: whole)), from: 1).work
        #expect(work.map(\.peer) == [1, 3, 4])
        #expect(work.map(\.piece.quanta) == [0..<1, 1..<2, 2..<4])
        #expect(Set(work.map(\.piece.piece)).count == 3)
        let labels = work.flatMap { $0.piece.labels.bytes() }
        #expect(labels.count == 28)
    }

    @Test("Several jobs' steps and idle workers are prepared for, and that has an end")
    func severalJobs() throws {
        let desk = try Desk(jobs: try TestJobs.mixed(2))
        for peer: UInt8 in 1...2 { #expect(desk.hello(peer, slots: 1).work.count == 1) }
        _ = desk.hello(3)
        #expect(spend(desk).count == 3)
        #expect(spend(desk) == [])
    }
}
