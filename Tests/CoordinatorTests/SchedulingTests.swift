import CNNCore
import Coordinator
import Datasets
import Testing
import TrainingProtocol

struct SchedulingTests {
    @Test("While there are enough jobs each mini-batch goes to one worker whole, two pieces a worker")
    func wholeBatches() throws {
        let desk = try Desk(jobs: try TestJobs.mixed(5))
        var work = desk.hello(1).work
        work += desk.hello(2).work
        #expect(work.map(\.peer) == [1, 1, 2, 2])
        #expect(Set(work.map(\.piece.job)).count == 4)
        for (_, piece) in work { #expect(piece.quanta == 0..<Quanta.count(samples: piece.batchSize)) }
    }

    @Test("When there are fewer jobs than idle workers a mini-batch is shared along the canonical tree")
    func sharedBatches() throws {
        let desk = try Desk(jobs: [TestJobs.job(model: try TestJobs.model())])
        // One job has one mini-batch, and the first worker has it; the others wait.
        var piece = try #require(desk.hello(1).work.first?.piece)
        #expect(piece.quanta == 0..<4)
        #expect(desk.hello(2).work.isEmpty)
        #expect(desk.hello(3).work.isEmpty)
        let answers = desk.receive(.result(desk.result(of: piece)), from: 1)
        #expect(
            answers.work.map(\.piece.quanta) == [0..<1, 1..<2, 2..<4]
                || answers.work.map(\.piece.quanta) == CanonicalTree.subtrees(count: 4, parts: 3))
        #expect(Set(answers.work.map(\.peer)) == [1, 2, 3])
        piece = answers.work[0].piece
        #expect(answers.work.allSatisfy { $0.piece.parametersID == piece.parametersID && $0.piece.parameters != nil })
    }

    @Test("The job with the most work left comes first")
    func longestFirst() throws {
        let short = TestJobs.job(model: try TestJobs.model(), epochs: 1)
        let long = TestJobs.job(model: try TestJobs.model(), epochs: 9)
        let wide = TestJobs.job(model: try TestJobs.model(firstChannels: 40), epochs: 2)
        let desk = try Desk(jobs: [short, long, wide])
        #expect(desk.hello(1).work.map(\.piece.job) == [2, 1])
    }

    @Test("Parameters are sent to a worker once, as long as it keeps them")
    func parametersOnce() throws {
        // Nothing but evaluation is left after the only epoch's only step: all pieces then need the same parameters.
        let job = TestJobs.job(model: try TestJobs.model(), epochs: 1, batchSize: 90, evaluationBatchSize: 8)
        let desk = try Desk(jobs: [job])
        let step = try #require(desk.hello(1).work.first?.piece)
        var queue = desk.receive(.result(desk.result(of: step)), from: 1).work.map(\.piece)
        var attached = 0
        var pieces = 0
        while !queue.isEmpty {
            let piece = queue.removeFirst()
            pieces += 1
            if piece.parameters != nil { attached += 1 }
            #expect(piece.kind == .evaluate)
            #expect(piece.parametersID != step.parametersID)
            queue += desk.receive(.result(desk.result(of: piece)), from: 1).work.map(\.piece)
        }
        // 30 validation images and 60 test images in batches of 8.
        #expect(pieces == 4 + 8)
        #expect(attached == 1)
        #expect(desk.coordinator.isFinished)
    }

    @Test("Images are sent as rows of the data set, parameters as they were made")
    func tensorsWhereTheyAre() throws {
        let own = CoordinatorTensors(of: TestJobs.dataset)
        nonisolated(unsafe) var made: [AnyObject] = []
        let desk = try Desk(
            jobs: [TestJobs.job(model: try TestJobs.model())],
            tensors: CoordinatorTensors(trainImages: own.trainImages, testImages: own.testImages) { count in
                let draft = FrameDraft(byteCount: count)
                made.append(draft.frame.owner)
                return draft
            })
        var queue = desk.hello(1, slots: 1).work.map(\.piece)
        var tables: [AnyObject] = []
        while let piece = queue.popLast() {
            let rows = try #require(piece.pixels.rows)
            if tables.last !== rows.table { tables.append(rows.table) }
            let images = rows.table === own.trainImages ? TestJobs.dataset.train : TestJobs.dataset.test
            let size = images.height * images.width
            #expect(piece.labels.bytes() == rows.numbers.map { images.labels[Int($0)] })
            #expect(piece.pixels.bytes() == rows.numbers.flatMap { images.pixels[Int($0) * size..<(Int($0) + 1) * size] })
            // The first step's parameters are the job's first, those of an evaluation a copy.
            if piece.kind == .train, piece.step > 0 { #expect(piece.parameters?.owner === made.last) }
            queue += desk.receive(.result(desk.result(of: piece)), from: 1).work.map(\.piece)
        }
        #expect(desk.coordinator.isFinished)
        #expect(made.count > 2)
        #expect(tables.contains { $0 === own.trainImages } && tables.last === own.testImages)
    }

    @Test("A worker's pieces are as few as it has slots", arguments: [1, 2, 3])
    func slots(slots: Int) throws {
        let desk = try Desk(jobs: try TestJobs.mixed(5))
        #expect(desk.hello(1, slots: slots).work.count == min(slots, 2))
    }

    @Test("An evaluation is not put off for more than some dozens of steps")
    func overdueEvaluation() throws {
        // Two jobs on one worker with one slot: training is always ready.
        let jobs = try (0..<2).map { TestJobs.job(seed: $0, model: try TestJobs.model(), epochs: 40, batchSize: 45) }
        let desk = try Desk(jobs: jobs)
        var queue = desk.hello(1, slots: 1).work.map(\.piece)
        var steps = 0
        var firstEpochAt: Int?
        while let piece = queue.popLast() {
            let answers = desk.receive(.result(desk.result(of: piece)), from: 1)
            for observation in answers.observations {
                if case .stepFinished(0, _, _) = observation { steps += 1 }
                if case .epochFinished(0, let record) = observation, record.epoch == 1 { firstEpochAt = steps }
            }
            queue += answers.work.map(\.piece)
        }
        #expect(desk.coordinator.isFinished)
        #expect(firstEpochAt.map { $0 < 40 } ?? false)
    }
}
