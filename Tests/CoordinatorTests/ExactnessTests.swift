import CNNCore
import Coordinator
import Datasets
import RandomStreams
import TestSupport
import Testing

/// The promise: a job's result is a function of the job and its data alone.
@Suite(.timeLimit(.minutes(5)))
struct ExactnessTests {
    @Test("The jobs train as the notebook's loop does, in one thread and without any of this", arguments: 0..<3)
    func sameAsLoop(index: Int) throws {
        let job = try TestJobs.mixed(3)[index]
        let network = try Network(jobs: [job], workers: 1)
        #expect(network.run())
        let outcome = try #require(network.outcomes[0])
        let expected = try NotebookLoop.train(job, on: TestJobs.dataset)
        let isSame = TestJobs.bits(of: outcome) == TestJobs.bits(of: expected)
        #expect(isSame)
    }

    @Test("Any number of workers and any order of events give the same bits", arguments: 1...8)
    func anyNumberOfWorkers(workers: Int) throws {
        let jobs = try TestJobs.mixed(3)
        let expected = try jobs.map { TestJobs.bits(of: try NotebookLoop.train($0, on: TestJobs.dataset)) }
        for seed in 0..<6 {
            let network = try Network(jobs: jobs, workers: workers, seed: UInt64(seed * 100 + workers))
            let ended = network.run()
            #expect(ended, "seed \(seed) did not end")
            for (index, bits) in expected.enumerated() {
                let isSame = network.outcomes[index].map(TestJobs.bits) == bits
                #expect(isSame, "job \(index), seed \(seed), \(workers) workers")
            }
        }
    }

    @Test("Workers that die, join, lose their connections and repeat themselves change nothing", arguments: 0..<200)
    func faults(seed: Int) throws {
        let faults = Network.Faults(
            workerDies: 15 * (seed % 3), workerJoins: 25, connectionBreaks: 15 * (seed % 2), resultIsRepeated: 60, helloIsRepeated: 20)
        let jobs = try TestJobs.mixed(2, epochs: 1 + seed % 3)
        let network = try Network(jobs: jobs, workers: 1 + seed % 4, seed: UInt64(seed), faults: faults)
        let ended = network.run()
        #expect(ended, "seed \(seed) did not end")
        #expect(network.failures.isEmpty)
        #expect(network.faultCount > 10)
        for (index, job) in jobs.enumerated() {
            let expected = TestJobs.bits(of: try NotebookLoop.train(job, on: TestJobs.dataset))
            let isSame = network.outcomes[index].map(TestJobs.bits) == expected
            #expect(isSame, "job \(index), seed \(seed)")
        }
    }

    @Test("Epochs are reported in order, and each step once")
    func observations() throws {
        let network = try Network(jobs: try TestJobs.mixed(2, epochs: 3), workers: 3, seed: 5)
        #expect(network.run())
        for job in 0..<2 {
            var epochs: [Int] = []
            var steps: [Int] = []
            for observation in network.observations {
                if case .epochFinished(job, let record) = observation { epochs.append(record.epoch) }
                if case .stepFinished(job, let step, let loss) = observation {
                    steps.append(step)
                    #expect(network.outcomes[job]?.stepLosses[step] == loss)
                }
            }
            #expect(epochs == [1, 2, 3])
            #expect(steps == Array(0..<12))
        }
    }
}

/// The notebook's training loop, written down once more from `study.md`'s words.
enum NotebookLoop {
    static func train(_ job: TrainingJob, on dataset: Dataset) throws -> TrainingOutcome {
        let instructionSet = try InstructionSet.best()
        let engine = GradientEngine(model: job.model, instructionSet: instructionSet)
        var generator = MersenneTwister(seed: job.seed)
        var parameters = job.model.channelsLast(job.model.initialParameters(from: &generator))
        let adam = Adam(job.optimizer, count: parameters.count, instructionSet: instructionSet)
        var stepLosses: [Float] = []
        var chain = StepChain(job: job, dataset: dataset, initialParameters: parameters)
        var epochs: [EpochRecord] = []
        var best: (accuracy: Double, parameters: [Float]) = (-1, [])
        for epoch in 1...job.epochs {
            var lossSum = 0.0
            var correct = 0
            let order = LoaderDraws.trainingEpochOrder(count: job.trainingImages.count, generator: &generator)
            for batch in order.chunks(of: job.batchSize) {
                var gradient = [Float](repeating: 0, count: parameters.count)
                let images = batch.map { job.trainingImages.lowerBound + $0 }
                let statistics = parameters.withUnsafeBufferPointer { values in
                    engine.load(parameters: values)
                    return gradient.withUnsafeMutableBufferPointer { gradient in
                        withShard(of: dataset.train, images, job, step: stepLosses.count) {
                            engine.gradient(of: $0, into: gradient, betweenQuanta: {})
                        }
                    }
                }
                try parameters.withUnsafeMutableBufferPointer { parameters in
                    try gradient.withUnsafeBufferPointer {
                        try adam.step(parameters: parameters, gradientSum: $0, sampleCount: images.count)
                    }
                }
                let loss = Float(statistics.lossSum / Double(images.count))
                stepLosses.append(loss)
                chain.append(loss: loss, parameters: FloatVector(parameters))
                lossSum += Double(loss) * Double(images.count)
                correct += statistics.correct
            }
            LoaderDraws.sequentialPass(generator: &generator)
            let (loss, confusion) = evaluate(engine, parameters, dataset.train, job.validationImages, job)
            let accuracy = Double((0..<job.model.classes).reduce(0) { $0 + confusion[$1][$1] }) / Double(job.validationImages.count)
            if accuracy > best.accuracy { best = (accuracy, parameters) }
            epochs.append(
                EpochRecord(
                    epoch: epoch, trainLoss: lossSum / Double(order.count), trainAccuracy: Double(correct) / Double(order.count),
                    validationLoss: loss, validationAccuracy: accuracy))
        }
        LoaderDraws.sequentialPass(generator: &generator)
        let (loss, confusion) = evaluate(engine, parameters, dataset.test, job.testImages, job)
        return TrainingOutcome(
            epochs: epochs, stepLosses: stepLosses, testLoss: loss, confusionMatrix: confusion,
            finalParameters: job.model.channelsFirst(parameters), bestParameters: job.model.channelsFirst(best.parameters), chain: chain)
    }

    private static func evaluate(
        _ engine: GradientEngine, _ parameters: [Float], _ set: ImageSet, _ images: Range<Int>, _ job: TrainingJob
    ) -> (loss: Double, confusion: [[Int]]) {
        parameters.withUnsafeBufferPointer { engine.load(parameters: $0) }
        var lossSum = 0.0
        var confusion = Array(repeating: Array(repeating: 0, count: job.model.classes), count: job.model.classes)
        for batch in Array(images).chunks(of: job.evaluationBatchSize) {
            var predictions = [UInt32](repeating: 0, count: batch.count)
            let statistics = predictions.withUnsafeMutableBufferPointer { predictions in
                withShard(of: set, Array(batch), job, step: 0) { engine.evaluate($0, predictions: predictions, betweenQuanta: {}) }
            }
            lossSum += statistics.lossSum
            for (image, prediction) in zip(batch, predictions) { confusion[Int(set.labels[image])][Int(prediction)] += 1 }
        }
        return (lossSum / Double(images.count), confusion)
    }

    private static func withShard<Result>(
        of set: ImageSet, _ images: [Int], _ job: TrainingJob, step: Int, _ body: (Shard) -> Result
    ) -> Result {
        let size = set.height * set.width
        let pixels = images.flatMap { set.pixels[$0 * size..<($0 + 1) * size] }
        let labels = images.map { set.labels[$0] }
        return pixels.withUnsafeBytes { pixels in
            labels.withUnsafeBytes { labels in
                body(
                    Shard(
                        seed: job.seed, step: UInt32(step), firstQuantum: 0, pixels: pixels, labels: labels,
                        normalization: job.normalization))
            }
        }
    }
}
