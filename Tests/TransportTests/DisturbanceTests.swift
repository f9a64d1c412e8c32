import CNNCore
import Coordinator
import Logging
import Synchronization
import TestPeers
import TestSupport
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

/// Keeps connections open.
final class OpenPeers: Sendable {
    let peers = Mutex<[HandMadePeer]>([])
}

@Suite(.timeLimit(.minutes(2)))
struct DisturbanceTests {
    /// The weights of a run that nothing disturbs.
    private static let undisturbed = Result { () throws -> [UInt32] in
        try LocalRun(endpoint: TestEndpoint.fresh("ipc"), jobs: TestData.jobs(2), workers: 1).finish().sorted { $0.key < $1.key }
            .flatMap { $0.value.finalParameters.map(\.bitPattern) }
    }

    private static let stranger = WorkerIntroduction(
        profile: TrainingProtocol.profile, instructionSet: "none", host: hostName(), processID: 4_000_000, slots: 2)

    private func checked(_ message: [[UInt8]]) -> [[UInt8]] { Check.adding(to: message.map { Frame(bytes: $0) }).map { $0.bytes() } }

    private func weights(_ outcomes: [Int: TrainingOutcome]) -> [UInt32] {
        outcomes.sorted { $0.key < $1.key }.flatMap { $0.value.finalParameters.map(\.bitPattern) }
    }

    @Test("Strangers and garbage at the port change nothing for a good worker")
    func garbage() throws {
        let run = try LocalRun(endpoint: TestEndpoint.fresh("tcp"), jobs: try TestData.jobs(2), workers: 0)
        let address = run.address
        let stranger = TestThread {
            do {
                // Bytes that are not even ZeroMQ's.
                let port = UInt16(address.split(separator: ":").last ?? "") ?? 0
                let descriptor = socket(AF_INET, streamSocket, 0)
                var target = sockaddr_in()
                target.sin_family = sa_family_t(AF_INET)
                target.sin_port = port.bigEndian
                target.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
                let connected = withUnsafeBytes(of: &target) { bytes in
                    bytes.withMemoryRebound(to: sockaddr.self) { connect(descriptor, $0.baseAddress, socklen_t(bytes.count)) }
                }
                #expect(connected == 0)
                let noise = (0..<4096).map { UInt8(truncatingIfNeeded: $0 &* 37) }
                _ = write(descriptor, noise, noise.count)
                close(descriptor)
                let version = UInt8(TrainingProtocol.version)
                // ZeroMQ's, but no messages of ours, and messages of ours that no worker sends.
                for frames: [[UInt8]] in [
                    [[]], [[0xFF, 0xFF]], [[UInt8](repeating: 65, count: 5000)], [[UInt8]](repeating: [1], count: 500),
                    [[0x08, version, 0x42, 0]], [[0x08, version, 0x12, 0], [1, 2, 3, 4, 5, 6, 7, 8]],
                    checked([[0x08, version, 0x42, 0]]), checked([[0x08, version, 0x1A, 0], [1, 2, 3]]),
                ] {
                    let peer = try HandMadePeer(address)
                    try peer.send(frames)
                }
                let old = try HandMadePeer(address)
                try old.send([[0x08, 77, 0x12, 0]])
                guard case .refusal(let sentence)? = try old.receive() else {
                    Issue.record("a worker of another version was not refused")
                    return
                }
                #expect(sentence.contains("77"))
            } catch { Issue.record(error) }
            // Only now a good worker comes.
            run.addWorker()
        }
        let outcomes = try run.finish()
        stranger.join()
        let isSame = weights(outcomes) == (try Self.undisturbed.get())
        #expect(isSame)
    }

    @Test("A worker that found something else at the coordinator's address finds the coordinator when it is there")
    func somethingElseFirst() throws {
        var stranger: TCPSocket? = try TCPSocket()
        let endpoint = "tcp://127.0.0.1:\(stranger?.port ?? 0)"
        let waiting = WaitingWorker(endpoint: endpoint, giveUpAfter: .seconds(60))
        stranger?.answerOnce(with: Array("HTTP/1.1 400 Bad Request\r\n\r\n".utf8))
        stranger = nil
        let outcomes = try LocalRun(endpoint: endpoint, jobs: try TestData.jobs(2), workers: 0).finish()
        let isSame = weights(outcomes) == (try Self.undisturbed.get())
        #expect(isSame)
        #expect(waiting.end() == .stopped("All training is done."))
    }

    @Test("A worker that takes work and falls silent, ends or closes its connection holds nothing up", arguments: ["ended", "closed"])
    func lostWorker(way: String) throws {
        let run = try LocalRun(endpoint: TestEndpoint.fresh("ipc"), jobs: try TestData.jobs(2), workers: 0)
        let (address, handle) = (run.address, run.handle)
        // A worker whose process has ended may leave a connection behind: one that is kept open until the run is over.
        let open = OpenPeers()
        let idler = TestThread {
            do {
                let peer = try HandMadePeer(address)
                if way == "ended" { open.peers.withLock { $0.append(peer) } }
                try peer.send(.hello(Self.stranger))
                guard case .welcome? = try peer.receive(), case .work? = try peer.receive(), case .work? = try peer.receive() else {
                    Issue.record("the idler got no work")
                    return
                }
                run.addWorker()
                if way == "ended" { handle.processEnded(4_000_000, cause: "was killed by signal 9") }
            } catch { Issue.record(error) }
        }
        let begun = MonotonicClock.now
        let outcomes = try run.finish()
        idler.join()
        let isSame = weights(outcomes) == (try Self.undisturbed.get())
        #expect(isSame)
        open.peers.withLock { $0 = [] }
        // Well within the ten seconds that silence is given.
        #expect(MonotonicClock.now - begun < .seconds(8))
    }

    @Test("Workers may come before their coordinator, and go over from one coordinator to the next")
    func nextCoordinator() throws {
        let endpoint = TestEndpoint.fresh("ipc")
        let waiting = WaitingWorker(endpoint: endpoint)
        do {
            // The first coordinator takes the worker and is gone without a word.
            var router = try Socket(.router, in: Context(), options: [.linger: 0])
            _ = try router.bind(endpoint)
            let isReadable = try router.poll(timeout: 10_000).readable
            try #require(isReadable)
            let hello = try router.receive(frameLimit: 8)
            let peer = try #require(hello?.first)
            let welcome = CoordinatorMessage.welcome(Welcome(run: 1, heartbeatInterval: .milliseconds(200), silenceLimit: .seconds(10)))
            let delivery = try router.send([peer] + Check.adding(to: welcome.frames()).map { try Message.carrying($0) })
            #expect(delivery == .taken)
            let heartbeat = try router.poll(timeout: 10_000).readable
            #expect(heartbeat)
        }
        let outcomes = try LocalRun(endpoint: endpoint, jobs: try TestData.jobs(2), workers: 0).finish()
        let isSame = weights(outcomes) == (try Self.undisturbed.get())
        #expect(isSame)
        #expect(waiting.end() == .stopped("All training is done."))
    }

    @Test("A run that is stopped sends its workers home with the reason")
    func stop() throws {
        let run = try LocalRun(endpoint: TestEndpoint.fresh("tcp"), jobs: try TestData.jobs(2, epochs: 100_000), workers: 2)
        let handle = run.handle
        let outcomes = try run.finish { observation in
            if case .workerJoined(_, workers: 2) = observation { handle.stop("Interrupted.") }
        }
        #expect(outcomes.isEmpty)
        #expect(run.end == .stopped("Interrupted."))
        #expect(run.workerEnds == [.stopped("Interrupted."), .stopped("Interrupted.")])
    }

    @Test("A worker whose parent is gone ends at once, with or without a coordinator")
    func lifeline() throws {
        var ends: [Int32] = [0, 0]
        try #require(pipe(&ends) == 0)
        defer { close(ends[0]) }
        let worker = WaitingWorker(endpoint: TestEndpoint.fresh("ipc"), lifeline: ends[0])
        close(ends[1])
        guard case .left? = worker.end() else {
            Issue.record("it stayed")
            return
        }
    }

    @Test("A worker that finds no coordinator gives up in words that name the endpoint")
    func givingUp() throws {
        let endpoint = TestEndpoint.fresh("ipc")
        guard case .gaveUp(let sentence)? = WaitingWorker(endpoint: endpoint, giveUpAfter: .milliseconds(300)).end() else {
            Issue.record("it did not give up")
            return
        }
        #expect(sentence.contains(endpoint))
    }

    @Test("A worker that is asked to leave does, and the run goes on without it")
    func leaving() throws {
        let endpoint = TestEndpoint.fresh("ipc")
        let leaver = WaitingWorker(endpoint: endpoint)
        let run = try LocalRun(endpoint: endpoint, jobs: try TestData.jobs(2), workers: 0)
        var hasAsked = false
        let outcomes = try run.finish { observation in
            if case .stepFinished = observation, !hasAsked {
                hasAsked = true
                leaver.handle?.leave("Interrupted.")
            }
            if case .workerLeft = observation { run.addWorker() }
        }
        let isSame = weights(outcomes) == (try Self.undisturbed.get())
        #expect(isSame)
        #expect(leaver.end() == .left("Interrupted."))
    }
}
