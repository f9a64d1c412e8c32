import CNNCore
import Coordinator
import Datasets
import Logging
import RandomStreams
import Synchronization
import Worker

@testable import Transport

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

enum TestEndpoint {
    private static let counter = Mutex(0)

    /// An endpoint that nobody uses: a new path, or any free port.
    static func fresh(_ scheme: String) -> String {
        let number = counter.withLock { number in
            number += 1
            return number
        }
        return scheme == "ipc" ? "ipc:///tmp/minishard-test-\(getpid())-\(number)" : "tcp://127.0.0.1:*"
    }
}

enum TestData {
    /// A data set of `count` images of 6x6 for training and half as many for testing, drawn from a fixed seed, in 3 classes.
    static func dataset(count: Int = 120) -> Dataset {
        var generator = MersenneTwister(seed: 7)
        func set(_ count: Int) -> ImageSet {
            let labels = (0..<count).map { _ in UInt8(generator.next32() % 3) }
            var pixels: [UInt8] = []
            for label in labels {
                for pixel in UInt32(0)..<36 {
                    let noise = generator.next32() % 90
                    pixels.append(UInt8(truncatingIfNeeded: pixel * 3 + UInt32(label) * 60 + noise))
                }
            }
            return ImageSet(height: 6, width: 6, pixels: pixels, labels: labels)
        }
        return Dataset(name: "test patterns", train: set(count), test: set(count / 2))
    }

    /// Small jobs of different seeds and shapes on ``dataset(count:)``.
    static func jobs(_ count: Int, epochs: Int = 2) throws -> [TrainingJob] {
        try (0..<count).map { index in
            TrainingJob(
                experiment: "job\(index)", seed: UInt64(index),
                model: try SmallCNN(
                    firstChannels: 2 + index % 3, secondChannels: 3, kernelSize: 3, classes: 3, height: 6, width: 6,
                    dropout: index % 2 == 1 ? 0.25 : 0),
                epochs: epochs, batchSize: 28, evaluationBatchSize: 16, trainingImages: 0..<90, validationImages: 90..<120,
                testImages: 0..<60)
        }
    }
}

/// Runs `body` on a thread of its own, as shells want it.
final class TestThread: Sendable {
    private nonisolated(unsafe) var thread = pthread_t()

    init(_ body: @escaping @Sendable () -> Void) {
        let box = Unmanaged.passRetained(Box(body))
        pthread_create(
            &thread, nil,
            { pointer in
                #if canImport(Glibc)
                    let box = Unmanaged<Box>.fromOpaque(pointer!).takeRetainedValue()
                #else
                    let box = Unmanaged<Box>.fromOpaque(pointer).takeRetainedValue()
                #endif
                box.body()
                return nil
            }, box.toOpaque())
    }

    func join() { pthread_join(thread, nil) }

    private final class Box {
        let body: @Sendable () -> Void
        init(_ body: @escaping @Sendable () -> Void) { self.body = body }
    }
}

/// A coordinator on the caller's thread and workers on threads of their own, in this process.
final class LocalRun {
    private let shell: CoordinatorShell
    private var threads: [TestThread] = []
    private let ends = Ends()
    var workerEnds: [WorkerEnd] { ends.list.withLock { $0 } }
    private(set) var epochs: [Int: [EpochRecord]] = [:]
    private(set) var failures: [Int: String] = [:]

    init(endpoint: String, jobs: [TrainingJob], workers: Int) throws {
        shell = try CoordinatorShell(
            endpoints: [endpoint], jobs: jobs, dataset: TestData.dataset(),
            settings: CoordinatorSettings(run: 0x1234, instructionSet: try InstructionSet.best()), logger: Logger(label: "test"))
        let address = shell.endpoints[0]
        for _ in 0..<workers { addWorker(to: address) }
    }

    /// How the workers' lives ended, in any order.
    private final class Ends: Sendable {
        let list = Mutex<[WorkerEnd]>([])
    }

    func addWorker(to address: String) {
        threads.append(
            TestThread { [ends] in
                do {
                    let shell = try WorkerShell(
                        endpoint: address, instructionSet: try InstructionSet.best(), giveUpAfter: .seconds(20), lifeline: nil,
                        logger: Logger(label: "worker"))
                    let end = try shell.run()
                    ends.list.withLock { $0.append(end) }
                } catch {
                    ends.list.withLock { $0.append(.refused("\(error)")) }
                }
            })
    }

    func finish() throws -> [Int: TrainingOutcome] {
        var outcomes: [Int: TrainingOutcome] = [:]
        let end = try shell.run { observation in
            switch observation {
            case .jobFinished(let job, let outcome): outcomes[job] = outcome
            case .jobFailed(let job, let reason): failures[job] = reason
            case .epochFinished(let job, let record): epochs[job, default: []].append(record)
            default: break
            }
        }
        for thread in threads { thread.join() }
        precondition(end == .completed)
        return outcomes
    }
}
