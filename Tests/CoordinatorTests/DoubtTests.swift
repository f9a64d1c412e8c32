import CNNCore
import Coordinator
import Testing
import TrainingProtocol
import Worker

/// Workers that are late, and results that are computed twice.
struct DoubtTests {
    /// A desk whose results are computed.
    private final class Office {
        var desk: Desk
        private let computer: PieceComputer
        private var parameters: [UInt64: Frame] = [:]

        init(jobs: [TrainingJob], auditShare: Double = 0) throws {
            desk = try Desk(jobs: jobs) { $0.auditShare = auditShare }
            computer = PieceComputer(instructionSet: try InstructionSet.best())
        }

        /// The right result.
        func compute(_ piece: PieceOfWork) -> PieceResult {
            var piece = piece
            if let sent = piece.parameters { parameters[piece.parametersID] = sent }
            piece.parameters = parameters[piece.parametersID]
            return computer.compute(piece) { _ in }
        }

        /// A result with one wrong bit, the first number's sign.
        func lie(_ piece: PieceOfWork) -> PieceResult {
            var result = compute(piece)
            var bytes = result.values.bytes()
            if piece.kind == .train { bytes[3] ^= 0x80 } else { result.lossSum = result.lossSum.nextUp }
            result.values = Frame(bytes: bytes)
            return result
        }

        /// Lets time pass in steps as small as the shell's.
        func pass(_ duration: Duration) -> [Answers] {
            let end = desk.now + duration
            var answers: [Answers] = []
            while desk.now < end {
                desk.now += min(.milliseconds(50), end - desk.now)
                answers.append(desk.tell(.tick))
            }
            return answers
        }

        /// Has a worker do pieces as fast as it can, each in `time`, until there are `count` done.
        func work(_ peer: UInt8, _ first: PieceOfWork, count: Int, time: Duration = .milliseconds(1)) -> PieceOfWork? {
            var queue = [first]
            for _ in 0..<count {
                desk.now += time
                let piece = queue.removeFirst()
                queue += desk.receive(.result(compute(piece)), from: peer).work.filter { $0.peer == peer }.map(\.piece)
                if queue.isEmpty { return nil }
            }
            return queue[0]
        }
    }

    /// Its first evaluation comes after 45 steps: until then there is never more than one piece of work.
    private func longJob() throws -> TrainingJob { TestJobs.job(model: try TestJobs.model(), epochs: 50, batchSize: 2) }

    @Test("What a silent worker holds goes to an idle one within a quarter of a second, and its late result is dropped")
    func straggler() throws {
        let office = try Office(jobs: [try longJob()])
        let first = try #require(office.desk.hello(1, slots: 1).work.first?.piece)
        // So many that it is known how long pieces take.
        let stuck = try #require(office.work(1, first, count: 10))
        _ = office.desk.hello(2, slots: 1)
        let answers = office.pass(.milliseconds(250)).flatMap(\.work)
        #expect(answers.map(\.peer) == [2])
        #expect(answers.first?.piece.quanta == stuck.quanta && answers.first?.piece.step == stuck.step)
        let taken = try #require(answers.first?.piece)
        #expect(taken.parameters != nil)
        let after = office.desk.receive(.result(office.compute(taken)), from: 2)
        #expect(after.observations.count == 1)
        // Whoever is late gets no more work until it answers; its answer changes nothing.
        #expect(after.work.map(\.peer) == [2])
        let late = office.desk.receive(.result(office.compute(stuck)), from: 1)
        #expect(late.observations.isEmpty && late.refusals.isEmpty)
    }

    @Test("Nobody is late before 50 ms are over, however fast the others are")
    func leastPatience() throws {
        let office = try Office(jobs: [try longJob()])
        let first = try #require(office.desk.hello(1, slots: 1).work.first?.piece)
        _ = office.work(1, first, count: 10, time: .microseconds(10))
        _ = office.desk.hello(2, slots: 1)
        #expect(office.pass(.milliseconds(49)).flatMap(\.work).isEmpty)
        #expect(!office.pass(.milliseconds(51)).flatMap(\.work).isEmpty)
    }

    @Test("Slow pieces are no reason to do them twice, when all are slow")
    func usualTime() throws {
        let office = try Office(jobs: [try longJob()])
        let first = try #require(office.desk.hello(1, slots: 1).work.first?.piece)
        _ = office.work(1, first, count: 10, time: .milliseconds(200))
        _ = office.desk.hello(2, slots: 1)
        #expect(office.pass(.milliseconds(600)).flatMap(\.work).isEmpty)
        #expect(!office.pass(.milliseconds(600)).flatMap(\.work).isEmpty)
    }

    @Test("A coordinator that was itself stopped takes nobody for late")
    func standstill() throws {
        let office = try Office(jobs: [try longJob()])
        let first = try #require(office.desk.hello(1, slots: 1).work.first?.piece)
        _ = office.work(1, first, count: 10)
        _ = office.desk.hello(2, slots: 1)
        office.desk.now += .seconds(5)
        #expect(office.desk.tell(.tick).work.isEmpty)
    }

    @Test("A worker that hangs while others are busy has its work done before new work, after twice the time")
    func overdue() throws {
        // Many jobs: there is always something new to do.
        let office = try Office(jobs: try (0..<6).map { TestJobs.job(seed: $0, model: try TestJobs.model(), epochs: 50) })
        let stuck = try #require(office.desk.hello(1, slots: 1).work.first?.piece)
        var piece = try #require(office.desk.hello(2, slots: 1).work.first?.piece)
        var takenOver: Duration?
        for _ in 0..<200 where takenOver == nil {
            office.desk.now += .milliseconds(2)
            piece = try #require(office.desk.receive(.result(office.compute(piece)), from: 2).work.first?.piece)
            if piece.job == stuck.job { takenOver = office.desk.now }
        }
        let time = try #require(takenOver)
        #expect(time >= .milliseconds(100) && time <= .milliseconds(120))
    }

    /// The losses of a job's first steps, without any fault.
    private func honestLosses(_ job: TrainingJob, steps: Int) throws -> [Float] {
        let office = try Office(jobs: [job])
        var piece = try #require(office.desk.hello(1, slots: 1).work.first?.piece)
        return try (0..<steps).map { _ in
            let answers = office.desk.receive(.result(office.compute(piece)), from: 1)
            piece = try #require(answers.work.first?.piece)
            return try #require(answers.losses.first)
        }
    }

    @Test("Of two answers for a late piece the coordinator knows which is wrong before it uses one: the liar is named, the step is right")
    func contradiction() throws {
        let expected = try honestLosses(try longJob(), steps: 12)
        for liarIsFirst in [true, false] {
            let office = try Office(jobs: [try longJob()])
            let first = try #require(office.desk.hello(1, slots: 1).work.first?.piece)
            let stuck = try #require(office.work(1, first, count: 10))
            _ = office.desk.hello(2, slots: 1)
            let taken = try #require(office.pass(.milliseconds(250)).flatMap(\.work).first?.piece)
            let (one, other) = liarIsFirst ? (office.lie(taken), office.compute(stuck)) : (office.compute(taken), office.lie(stuck))
            let used = office.desk.receive(.result(one), from: 2)
            #expect(used.losses == [expected[10]])
            let late = office.desk.receive(.result(other), from: 1)
            let refusals = used.refusals + late.refusals
            #expect(refusals.map(\.peer) == [liarIsFirst ? 2 : 1])
            #expect(refusals.first?.sentence.contains("training step 11 of test, seed 0") ?? false, "\(refusals)")
            // Whoever is left goes on.
            let next = try #require((used.work + late.work).last)
            #expect(next.peer == (liarIsFirst ? 1 : 2))
            #expect(office.desk.receive(.result(office.compute(next.piece)), from: next.peer).losses == [expected[11]])
        }
    }

    @Test("Of an evaluation that is under way a liar's other batches are done again")
    func evaluationOfALiar() throws {
        // One step, then validation and test images in batches of two.
        let job = TestJobs.job(model: try TestJobs.model(), epochs: 1, batchSize: 1000, evaluationBatchSize: 2)
        func train(lies: Bool) throws -> (outcome: TrainingOutcome?, refused: [UInt8]) {
            let office = try Office(jobs: [job])
            var queue = office.desk.hello(1, slots: 1).work
            var (outcome, refused) = (TrainingOutcome?.none, [UInt8]())
            var lied = 0
            while let (peer, piece) = queue.popLast() {
                var result = office.compute(piece)
                if lies, peer == 1, piece.kind == .evaluate {
                    lied += 1
                    // What anybody can believe, and at last what nobody can.
                    result.lossSum = lied < 4 ? result.lossSum * 2 : .nan
                }
                let answers = office.desk.receive(.result(result), from: peer)
                refused += answers.refusals.map(\.peer)
                queue += answers.work
                for case .jobFinished(_, let finished) in answers.observations { outcome = finished }
                if queue.isEmpty, !refused.isEmpty, outcome == nil { queue = office.desk.hello(2, slots: 1).work }
            }
            return (outcome, refused)
        }
        let (expected, found) = (try train(lies: false), try train(lies: true))
        #expect(found.refused == [1])
        #expect(found.outcome?.epochs == expected.outcome?.epochs && expected.outcome != nil)
        #expect(found.outcome?.testLoss == expected.outcome?.testLoss)
    }

    @Test("An audited piece goes to two workers, and its step waits for both")
    func audit() throws {
        let office = try Office(jobs: [try longJob()], auditShare: 1)
        let one = try #require(office.desk.hello(1, slots: 1).work.first?.piece)
        let other = try #require(office.desk.hello(2, slots: 1).work.first?.piece)
        #expect(one.quanta == other.quanta && one.step == other.step && one.piece != other.piece)
        #expect(office.desk.receive(.result(office.compute(one)), from: 1).observations.isEmpty)
        #expect(office.desk.receive(.result(office.compute(other)), from: 2).observations.count == 1)
    }

    @Test("With every piece audited no lie counts: the liar is shut out and named, and the step is what it has to be", arguments: [1, 2])
    func auditedLie(liar: UInt8) throws {
        let honest = try Office(jobs: [try longJob()], auditShare: 0)
        let truth = honest.desk.receive(.result(honest.compute(try #require(honest.desk.hello(1, slots: 1).work.first?.piece))), from: 1)
        let expected = truth.losses
        let office = try Office(jobs: [try longJob()], auditShare: 1)
        let pieces = [
            try #require(office.desk.hello(1, slots: 1).work.first?.piece), try #require(office.desk.hello(2, slots: 1).work.first?.piece),
        ]
        var answers: Answers?
        for peer in UInt8(1)...2 {
            let piece = pieces[Int(peer) - 1]
            answers = office.desk.receive(.result(peer == liar ? office.lie(piece) : office.compute(piece)), from: peer)
        }
        #expect(answers?.refusals.map(\.peer) == [liar])
        #expect(answers?.losses == expected)
    }

    /// What came of a training step that two workers had shared.
    private struct SharedStep {
        var loss: Float?
        /// How many workers each part was given to.
        var holders: [Range<Int>: Int] = [:]
        var refused: [UInt8] = []
        var log: [String] = []
    }

    /// Trains with two workers, the first of which answers first and lies in one step.
    private func trainSharing(steps: Int, lieIn liarStep: Int? = nil) throws -> [SharedStep] {
        let job = TestJobs.job(model: try TestJobs.model(), epochs: 50, batchSize: 60)
        let office = try Office(jobs: [job], auditShare: 0.5)
        var done: [SharedStep] = []
        var step = SharedStep()
        var queue = [1, 2].flatMap { office.desk.hello($0, slots: 1).work }
        while done.count < steps {
            let next = try #require(queue.firstIndex { $0.peer == 1 } ?? queue.indices.first)
            let (peer, piece) = queue.remove(at: next)
            if piece.kind == .train, piece.step == done.count { step.holders[piece.quanta, default: 0] += 1 }
            let isLie = peer == 1 && piece.kind == .train && piece.step == liarStep
            let answers = office.desk.receive(.result(isLie ? office.lie(piece) : office.compute(piece)), from: peer)
            queue += answers.work
            step.refused += answers.refusals.map(\.peer)
            queue.removeAll { step.refused.contains($0.peer) }
            step.log += answers.log
            for case .stepFinished(_, _, let loss) in answers.observations {
                step.loss = loss
                done.append(step)
                step = SharedStep()
            }
        }
        return done
    }

    @Test("Of a step in which a lie is found the liar's other work is done again")
    func unauditedWorkOfTheStep() throws {
        let honest = try trainSharing(steps: 30)
        // A step of which the first part is not audited, so that a lie is believed at first, and the second is.
        let step = try #require(honest.firstIndex { $0.holders[0..<4] == 1 && $0.holders[4..<8] == 2 })
        let disturbed = try trainSharing(steps: step + 3, lieIn: step)
        #expect(disturbed[step].refused == [1])
        #expect(
            disturbed[step].log.contains {
                $0.hasPrefix("Training step \(step + 1) of test") && $0.hasSuffix("is done again without its work.")
            })
        #expect(disturbed.map(\.loss) == honest.prefix(step + 3).map(\.loss))
    }

    @Test("A step is begun anew as a whole when a worker that had a part in it sends what is not finite for another part")
    func notFiniteAfterAPart() throws {
        let honest = try trainSharing(steps: 3).map(\.loss)
        let office = try Office(jobs: [TestJobs.job(model: try TestJobs.model(), epochs: 50, batchSize: 60)])
        var losses: [Float?] = []
        func answer(_ result: PieceResult, from peer: UInt8) -> Answers {
            let answers = office.desk.receive(.result(result), from: peer)
            for case .stepFinished(_, _, let loss) in answers.observations { losses.append(loss) }
            return answers
        }
        let whole = try #require(office.desk.hello(1, slots: 1).work.first?.piece)
        #expect(office.desk.hello(2, slots: 1).work.isEmpty)
        let parts = answer(office.compute(whole), from: 1).work
        #expect(parts.map(\.peer).sorted() == [1, 2])
        _ = answer(office.compute(try #require(parts.first { $0.peer == 1 }).piece), from: 1)
        let other = try #require(office.desk.tell(.undeliverable(to: PeerID([2]))).work.first)
        #expect(other.peer == 1)
        var rubbish = office.compute(other.piece)
        rubbish.lossSum = .nan
        let answers = answer(rubbish, from: 1)
        #expect(answers.refusals.map(\.peer) == [1])
        #expect(answers.log.contains { $0.hasPrefix("Training step 2 of test") && $0.hasSuffix("is done again without its work.") })
        var work = office.desk.hello(3, slots: 1).work
        #expect(work.first?.piece.quanta == 0..<4)
        for _ in 0..<10 where losses.count < 3 { work = answer(office.compute(try #require(work.first).piece), from: 3).work }
        #expect(losses == honest)
    }

    @Test("With one worker the coordinator computes audited pieces itself, and so it does when the second worker is lost")
    func auditWithoutSecondWorker() throws {
        let office = try Office(jobs: [try longJob()], auditShare: 1)
        let piece = try #require(office.desk.hello(1, slots: 1).work.first?.piece)
        let answers = office.desk.receive(.result(office.compute(piece)), from: 1)
        #expect(answers.observations.count == 1)
        let next = try #require(answers.work.first?.piece)
        _ = office.desk.hello(2, slots: 1)
        #expect(office.desk.receive(.result(office.compute(next)), from: 1).observations.isEmpty)
        #expect(
            office.desk.tell(.undeliverable(to: PeerID([2]))).observations.contains { if case .stepFinished = $0 { true } else { false } })
    }

    @Test("A lone liar is caught where every piece is audited")
    func loneLiar() throws {
        let office = try Office(jobs: [try longJob()], auditShare: 1)
        let piece = try #require(office.desk.hello(1, slots: 1).work.first?.piece)
        let answers = office.desk.receive(.result(office.lie(piece)), from: 1)
        #expect(answers.refusals.map(\.peer) == [1])
        #expect(answers.observations.contains { if case .stepFinished = $0 { true } else { false } })
    }

    @Test("The share of audited pieces is what was asked for")
    func share() throws {
        let office = try Office(jobs: [TestJobs.job(model: try TestJobs.model(), epochs: 50)], auditShare: 0.25)
        var (one, other) = (office.desk.hello(1, slots: 1).work, office.desk.hello(2, slots: 1).work)
        var (pieces, twice) = (0, 0)
        for _ in 0..<2000 {
            guard let piece = (one + other).first else { break }
            let held = one.isEmpty ? UInt8(2) : 1
            if held == 1 { one.removeFirst() } else { other.removeFirst() }
            let answers = office.desk.receive(.result(office.compute(piece.piece)), from: held)
            pieces += 1
            twice += answers.observations.isEmpty ? 1 : 0
            one += answers.work.filter { $0.peer == 1 }
            other += answers.work.filter { $0.peer == 2 }
        }
        #expect(office.desk.coordinator.isFinished)
        #expect(pieces > 300 && twice > pieces / 10 && twice < pieces, "\(twice) of \(pieces)")
    }

    @Test("A worker that has lost what it was sent begins anew")
    func lostWork() throws {
        let office = try Office(jobs: [try longJob()])
        let piece = try #require(office.desk.hello(1, slots: 1).work.first?.piece)
        let idle = WorkerMessage.heartbeat(WorkerProgress(run: Desk.run, piecesDone: 0, piece: 0, quantaDone: 0))
        _ = office.pass(.seconds(1))
        #expect(office.desk.receive(idle, from: 1).reintroductions == 0)
        _ = office.pass(.milliseconds(900))
        #expect(office.desk.receive(idle, from: 1).reintroductions == 0)
        _ = office.pass(.milliseconds(200))
        #expect(office.desk.receive(idle, from: 1).reintroductions == 1)
        #expect(office.desk.hello(1, slots: 1).work.first?.piece.quanta == piece.quanta)
    }
}

struct PatienceTests {
    private func ticks(_ desk: inout Desk, _ count: Int) -> [Answers] {
        (0..<count).map { _ in
            desk.now += .milliseconds(100)
            return desk.tell(.tick)
        }
    }

    @Test("A run without workers waits, says so once, and goes on when one comes")
    func waiting() throws {
        var desk = try Desk(jobs: try TestJobs.mixed(1))
        #expect(ticks(&desk, 100).flatMap(\.log).isEmpty, "nothing to say before the first worker has come")
        _ = desk.hello(1)
        let log = desk.tell(.undeliverable(to: PeerID([1]))).log + ticks(&desk, 36_000).flatMap(\.log)
        #expect(log.count == 1)
        #expect(log.first?.contains("without limit") ?? false)
        let answers = desk.hello(2)
        #expect(answers.log.count == 1 && !answers.work.isEmpty)
        #expect(!desk.coordinator.isFinished)
    }

    @Test("Workers that come and go many times a second make no storm of lines")
    func flapping() throws {
        var desk = try Desk(jobs: try TestJobs.mixed(1))
        var lines = 0
        for round in 0..<300 {
            lines += desk.hello(UInt8(round % 200)).log.count
            lines += desk.tell(.undeliverable(to: PeerID([UInt8(round % 200)]))).log.count
            desk.now += .milliseconds(100)
        }
        #expect((2...8).contains(lines), "\(lines) lines in 30 s")
    }

    @Test("When its patience is over the run stops with a sentence")
    func over() throws {
        var desk = try Desk(jobs: try TestJobs.mixed(1)) { $0.patience = .seconds(60) }
        #expect(ticks(&desk, 590).allSatisfy { $0.end == nil })
        _ = desk.hello(1)
        _ = ticks(&desk, 100)
        _ = desk.tell(.undeliverable(to: PeerID([1])))
        #expect(ticks(&desk, 590).allSatisfy { $0.end == nil })
        let ends = ticks(&desk, 20).compactMap(\.end)
        guard case .stopped(let reason)? = ends.first else {
            Issue.record("it did not stop")
            return
        }
        #expect(reason.contains("60"))
    }

    @Test("Time in which the coordinator itself stood still does not count")
    func standstill() throws {
        var desk = try Desk(jobs: try TestJobs.mixed(1)) { $0.patience = .seconds(60) }
        _ = ticks(&desk, 10)
        desk.now += .seconds(3600)
        #expect(desk.tell(.tick).end == nil)
    }
}
