import CNNCore
import Coordinator
import Datasets
import Dispatch
import Logging
import Processes
import Synchronization
import TestImages
import Testing
import TrainingProtocol
import Worker

@testable import Transport

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

#if canImport(Glibc)
    let streamSocket = Int32(SOCK_STREAM.rawValue)
#else
    let streamSocket = SOCK_STREAM
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
    /// A data set of `count` images for training and half as many for testing.
    static func dataset(count: Int = 120) -> Dataset { .patterns(train: count, test: count / 2) }

    /// Small jobs of different seeds and shapes on ``dataset(count:)``, every other one with dropout.
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
    private let ended = DispatchSemaphore(value: 0)

    init(_ body: @escaping @Sendable () -> Void) {
        do {
            try startThread { [ended] in
                body()
                ended.signal()
            }
        } catch {
            Issue.record(error)
            ended.signal()
        }
    }

    /// Waits for the body's end.
    func join() {
        ended.wait()
        // For whoever else waits.
        ended.signal()
    }
}

/// A worker on a thread of its own, in this process.
final class WaitingWorker: Sendable {
    private let state = Mutex<(handle: WorkerHandle?, end: WorkerEnd?)>((nil, nil))
    private let thread = Mutex<TestThread?>(nil)

    init(endpoint: String, giveUpAfter: Duration? = .seconds(20), lifeline: Int32? = nil) {
        let thread = TestThread { [self] in
            do {
                let shell = try WorkerShell(
                    endpoint: endpoint, instructionSet: try InstructionSet.best(), giveUpAfter: giveUpAfter, lifeline: lifeline,
                    logger: Logger(label: "worker"))
                state.withLock { $0.handle = shell.handle }
                let end = try shell.run()
                state.withLock { $0.end = end }
            } catch {
                state.withLock { $0.end = .refused("\(error)") }
            }
        }
        self.thread.withLock { $0 = thread }
    }

    var handle: WorkerHandle? { state.withLock { $0.handle } }

    /// Waits until the worker has ended.
    func end() -> WorkerEnd? {
        thread.withLock { $0 }?.join()
        return state.withLock { $0.end }
    }
}

/// A coordinator on the caller's thread, and workers on threads of their own in this process, which may be added from any thread.
final class LocalRun: @unchecked Sendable {
    let address: String
    let handle: CoordinatorHandle
    private let shell: CoordinatorShell
    private let workers = Mutex<[WaitingWorker]>([])
    /// How the run ended, and its workers, once it has.
    private(set) var end: CoordinatorEnd?
    private(set) var workerEnds: [WorkerEnd?] = []

    init(endpoint: String, jobs: [TrainingJob], workers: Int, acceptedProfiles: [String] = [TrainingProtocol.profile]) throws {
        var logger = Logger(label: "test")
        logger.logLevel = .error
        var settings = CoordinatorSettings(run: 0x1234, instructionSet: try InstructionSet.best())
        settings.acceptedProfiles = acceptedProfiles
        shell = try CoordinatorShell(
            endpoints: [endpoint], jobs: jobs, dataset: TestData.dataset(), localWorkers: 8, settings: settings, logger: logger)
        address = shell.endpoints[0]
        handle = shell.handle
        for _ in 0..<workers { addWorker() }
    }

    func addWorker() {
        let worker = WaitingWorker(endpoint: address)
        workers.withLock { $0.append(worker) }
    }

    /// Trains on the calling thread.
    func finish(observer: (TrainingObservation) -> Void = { _ in }) throws -> [Int: TrainingOutcome] {
        var outcomes: [Int: TrainingOutcome] = [:]
        end = try shell.run { observation in
            if case .jobFinished(let job, let outcome) = observation { outcomes[job] = outcome }
            observer(observation)
        }
        workerEnds = workers.withLock { $0 }.map { $0.end() }
        return outcomes
    }
}
