import CNNCore
import Coordinator
import Processes
import RandomStreams
import Testing
import TrainingProtocol
import Worker
import ZeroMQ

@testable import Transport

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// A Python process.
final class PythonProcess {
    /// The interpreter that tests may use, if it has what the worker needs.
    static let interpreter: String? = {
        guard let path = getenv("MINISHARD_TEST_PYTHON").map({ String(cString: $0) }) else { return nil }
        return PythonProcess(path, ["-c", "import numpy, zmq, google.protobuf"])?.exitCode() == 0 ? path : nil
    }()

    private let process: Int32
    private var code: Int32?

    init?(_ path: String, _ arguments: [String]) {
        guard let process = try? spawn(path, arguments) else { return nil }
        self.process = process
    }

    /// Waits for the process to end; the negative number of a signal that killed it.
    func exitCode() -> Int32 {
        if let code { return code }
        let ended: Int32? =
            switch try? wait(for: process) {
            case .exited(let code): code
            case .killed(let signal): -signal
            case nil: nil
            }
        code = ended
        return ended ?? .min
    }

    deinit {
        if code == nil {
            kill(process, SIGKILL)
            _ = exitCode()
        }
    }
}

/// A worker written in another language from docs/protocol.md.
@Suite(
    .enabled(
        if: PythonProcess.interpreter != nil, "SKIPPED: set MINISHARD_TEST_PYTHON to a Python that has numpy, pyzmq, protobuf and xxhash"),
    .timeLimit(.minutes(2)))
struct PythonWorkerTests {
    private let script = #filePath.split(separator: "/").dropLast().map { "/" + $0 }.joined() + "/python/worker.py"

    private func start(_ arguments: String...) throws -> PythonProcess {
        let interpreter = try #require(PythonProcess.interpreter)
        return try #require(PythonProcess(interpreter, [script] + arguments))
    }

    @Test(
        "It trains as this program's workers do, with dropout and without, alone and beside one of them", arguments: ["ipc", "tcp"],
        [true, false])
    func trains(scheme: String, alone: Bool) throws {
        let jobs = try TestData.jobs(2)
        let expected = try LocalRun(endpoint: TestEndpoint.fresh("ipc"), jobs: jobs, workers: 1).finish()
        // The last job keeps the run going until every worker has come.
        let run = try LocalRun(
            endpoint: TestEndpoint.fresh(scheme), jobs: jobs + TestData.jobs(1, epochs: 100_000), workers: 0,
            acceptedProfiles: ["numpy-f32", TrainingProtocol.profile])
        let worker = try start(run.address, "numpy-f32")
        var joined = 0
        var finished = 0
        let outcomes = try run.finish { observation in
            if case .workerJoined = observation {
                joined += 1
                if joined == 1, !alone { run.addWorker() }
            }
            if case .jobFinished = observation { finished += 1 }
            if finished == 2, joined == (alone ? 1 : 2) { run.handle.stop("Enough.") }
        }
        #expect(worker.exitCode() == 0)
        for job in 0..<2 {
            let (theirs, ours) = (try #require(outcomes[job]), try #require(expected[job]))
            #expect(theirs.stepLosses.count == ours.stepLosses.count)
            for (step, (theirs, ours)) in zip(theirs.stepLosses, ours.stepLosses).enumerated() {
                #expect(abs(theirs - ours) <= 1e-4 * abs(ours), "job \(job), step \(step): \(theirs) and \(ours)")
            }
            #expect(abs(theirs.testLoss - ours.testLoss) <= 1e-3 * ours.testLoss)
            #expect(theirs.confusionMatrix.flatMap { $0 }.reduce(0, +) == 60)
        }
    }

    @Test("Its sums over a part of a mini-batch are this program's but for rounding", arguments: [PieceKind.train, .evaluate])
    func sums(kind: PieceKind) throws {
        var router = try Socket(.router, in: Context(), options: [.linger: 1000])
        let worker = try start(try router.bind("tcp://127.0.0.1:*"), "numpy-f32")
        func receive() throws -> (peer: Message, message: WorkerMessage) {
            let isReadable = try router.poll(timeout: 60_000).readable
            try #require(isReadable)
            let frames = try router.receive(frameLimit: 8) ?? []
            return (try #require(frames.first), try WorkerMessage(frames: Check.removing(from: frames.dropFirst().map { Frame($0) })))
        }
        func send(_ message: CoordinatorMessage, to peer: Message) throws {
            let peer = try Message(copying: peer.unsafeBytes)
            let delivery = try router.send([peer] + Check.adding(to: message.frames()).map { try Message.carrying($0) })
            #expect(delivery == .taken)
        }

        let (peer, hello) = try receive()
        guard case .hello = hello else {
            Issue.record("the first message was no HELLO")
            return
        }
        let piece = try Self.piece(kind)
        try send(.welcome(Welcome(run: piece.run, heartbeatInterval: .seconds(60), silenceLimit: .seconds(120))), to: peer)
        try send(.work(piece), to: peer)
        guard case .result(let theirs) = try receive().message else {
            Issue.record("the second message was no RESULT")
            return
        }
        try send(.stop("Done."), to: peer)
        #expect(worker.exitCode() == 0)

        let ours = PieceComputer(instructionSet: try InstructionSet.best()).compute(piece) { _ in }
        #expect(theirs.correct == ours.correct)
        #expect(abs(theirs.lossSum - ours.lossSum) <= 1e-5 * ours.lossSum)
        if kind == .evaluate {
            #expect(theirs.values.unsignedIntegers() == ours.values.unsignedIntegers())
        } else {
            let pairs = Array(zip(theirs.values.floats(), ours.values.floats()))
            for tensor in piece.model.tensors {
                let difference = pairs[tensor.range].reduce(0.0) { $0 + Double(($1.0 - $1.1) * ($1.0 - $1.1)) }.squareRoot()
                let norm = pairs[tensor.range].reduce(0.0) { $0 + Double($1.1 * $1.1) }.squareRoot()
                #expect(norm > 0)
                #expect(difference <= 1e-5 * norm, "\(tensor.name): \(difference) of \(norm)")
            }
        }
    }

    /// The second half of a mini-batch, the last quantum short, for a model whose sizes all differ.
    private static func piece(_ kind: PieceKind) throws -> PieceOfWork {
        let model = try SmallCNN(firstChannels: 3, secondChannels: 6, kernelSize: 5, classes: 7, height: 10, width: 12, dropout: 0.3)
        var random = MersenneTwister(seed: 11)
        let parameters = model.initialParameters(from: &random)
        let batchSize = 61
        let quanta = 4..<8
        let samples = Quanta.samples(of: quanta, batch: batchSize).count
        return PieceOfWork(
            run: 0xFEDC_BA98_7654_3210, piece: 1, job: 2, kind: kind, model: model, seed: 0x1_0000_002A, step: 77, batchSize: batchSize,
            quanta: quanta, normalization: .mnist, parametersID: 5, parameters: Frame(floats: parameters),
            pixels: Frame(bytes: (0..<samples * 120).map { _ in UInt8(random.next32() >> 24) }),
            labels: Frame(bytes: (0..<samples).map { _ in UInt8(random.next32() % 7) }))
    }

    @Test("It is refused in words when its arithmetic is not asked for, and does not come again")
    func refused() throws {
        let run = try LocalRun(endpoint: TestEndpoint.fresh("ipc"), jobs: try TestData.jobs(1), workers: 0)
        let address = run.address
        let interpreter = try #require(PythonProcess.interpreter)
        let other = TestThread { [script] in
            #expect(PythonProcess(interpreter, [script, address, "numpy-f32"])?.exitCode() == 76)
            run.addWorker()
        }
        #expect(try run.finish().count == 1)
        other.join()
    }
}
