import CNNCore
import RandomStreams
import SharedMemory
import Testing
import TrainingProtocol

@testable import Coordinator
@testable import Transport

/// Messages between a coordinator and a worker that share memory.
struct FrameSharingTests {
    private let peer = PeerID([1])
    private let small = Frame(bytes: [1, 2, 3])

    private func large(_ seed: Int, count: Int = 5000) -> Frame {
        Frame(bytes: (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 31 &+ seed) })
    }

    /// Both sides, after the worker's offer and the coordinator's terms.
    private func introduced() throws -> (CoordinatorSharing, WorkerSharing) {
        let coordinator = CoordinatorSharing(jobs: try Self.jobs())
        let worker = WorkerSharing(isLocal: true)
        worker.begin()
        let hello = try #require(coordinator.received(worker.sending([small]), from: peer))
        #expect(hello.map { $0.bytes() } == [small.bytes()])
        let welcome = coordinator.sending([small], to: peer, isWorker: true)
        #expect(welcome.count == 2)
        #expect(try worker.received(welcome)?.map { $0.bytes() } == [small.bytes()])
        return (coordinator, worker)
    }

    private static func jobs() throws -> [TrainingJob] {
        let model = try SmallCNN(classes: 3, height: 28, width: 28)
        return [
            TrainingJob(experiment: "a", seed: 1, model: model, trainingImages: 0..<8, validationImages: 0..<8, testImages: 0..<8)
        ]
    }

    @Test("Large frames go through memory in both directions, and arrive as they were sent")
    func bothDirections() throws {
        let (coordinator, worker) = try introduced()
        for round in 0..<50 {
            let work = [small, large(round), small, large(round + 1, count: 100_000)]
            let sent = coordinator.sending(work, to: peer, isWorker: true)
            #expect(sent.map(\.count).prefix(4) == [3, 0, 3, 0])
            let received = try #require(try worker.received(sent))
            #expect(received.map { $0.bytes() } == work.map { $0.bytes() })

            let result = [small, large(round + 2)]
            let answer = worker.sending(result)
            #expect(answer[1].count == 0)
            #expect(coordinator.received(answer, from: peer)?.map { $0.bytes() } == result.map { $0.bytes() })
        }
    }

    @Test("A result that was made in a block is sent from there")
    func madeInPlace() throws {
        let (coordinator, worker) = try introduced()
        let bytes = large(4).bytes()
        for _ in 0..<FrameSharing.blocksToCoordinator {
            let values = worker.frame(byteCount: bytes.count) { $0.copyBytes(from: bytes) }
            let answer = worker.sending([small, values])
            #expect(answer[1].count == 0)
            #expect(coordinator.received(answer, from: peer)?[1].bytes() == bytes)
        }
        // With all blocks taken, and for small ones, frames are ordinary.
        let kept = (0..<FrameSharing.blocksToCoordinator).map { _ in worker.frame(byteCount: bytes.count) { $0.copyBytes(from: bytes) } }
        let plain = worker.frame(byteCount: bytes.count) { $0.copyBytes(from: bytes) }
        #expect(worker.sending([small, plain]).map(\.count) == [3, bytes.count])
        #expect(worker.frame(byteCount: 3) { $0.copyBytes(from: [1, 2, 3]) }.bytes() == [1, 2, 3])
        #expect(kept.allSatisfy { $0.bytes() == bytes })
    }

    @Test("A message that comes twice, or after its block was used again, is dropped")
    func replayed() throws {
        let (coordinator, worker) = try introduced()
        let first = coordinator.sending([small, large(1)], to: peer, isWorker: true)
        do {
            let received = try #require(try worker.received(first))
            #expect(try worker.received(first) == nil)
            #expect(received[1].bytes() == large(1).bytes())
        }
        let second = coordinator.sending([small, large(2)], to: peer, isWorker: true)
        #expect(try worker.received(first) == nil)
        #expect(try worker.received(second)?[1].bytes() == large(2).bytes())

        let result = worker.sending([small, large(3)])
        #expect(coordinator.received(result, from: peer) != nil)
        #expect(coordinator.received(result, from: peer) == nil)
    }

    @Test("Frames travel in the message when no block is free")
    func exhausted() throws {
        let (coordinator, worker) = try introduced()
        var kept: [[Frame]] = []
        for round in 0..<FrameSharing.blocksToWorker + 3 {
            let sent = coordinator.sending([small, large(round)], to: peer, isWorker: true)
            #expect((sent[1].count == 0) == (round < FrameSharing.blocksToWorker))
            kept.append(try #require(try worker.received(sent)))
        }
        for (round, frames) in kept.enumerated() { #expect(frames[1].bytes() == large(round).bytes()) }
    }

    @Test(
        "References that are none reach no state machine",
        arguments: [
            FrameSharing.Reference(frame: 9, block: 16, count: 5000, ticket: 1), .init(frame: 1, block: 0, count: 5000, ticket: 1),
            .init(frame: 1, block: 16, count: 5000, ticket: 2), .init(frame: 1, block: 16, count: 1 << 40, ticket: 1),
            .init(frame: 1, block: 1 << 40, count: 5000, ticket: 1), .init(frame: 1, block: 15, count: 5000, ticket: 1),
        ])
    func forged(_ reference: FrameSharing.Reference) throws {
        let (coordinator, worker) = try introduced()
        let answer = worker.sending([small, large(1)])
        let forged = Array(answer.dropLast()) + [FrameSharing.Note.references([reference]).frame]
        #expect(coordinator.received(forged, from: peer) == nil)
        #expect(coordinator.received(answer, from: peer) != nil)
    }

    @Test("Strangers get no memory, and connections that are over give theirs back")
    func strangers() throws {
        let coordinator = CoordinatorSharing(jobs: try Self.jobs())
        let worker = WorkerSharing(isLocal: true)
        worker.begin()
        _ = coordinator.received(worker.sending([small]), from: peer)
        #expect(coordinator.sending([small], to: peer, isWorker: false).count == 1)
        #expect(coordinator.sending([small], to: PeerID([2]), isWorker: true).count == 1)

        guard
            case .terms(let name, let blockCount, let blockSize)? = coordinator.sending([small], to: peer, isWorker: true).last
                .flatMap(FrameSharing.Note.init)
        else {
            Issue.record("no terms")
            return
        }
        let geometry = BlockArena.Geometry(blockCount: blockCount, roomFor: blockSize)
        _ = try BlockArena(opening: name, geometry)
        coordinator.forgetAll { $0 == peer }
        #expect(throws: SharedMemoryError.self) { try BlockArena(opening: name, geometry) }
    }

    @Test("A worker that cannot open the memory says so, and goes without from then on")
    func unavailable() throws {
        let worker = WorkerSharing(isLocal: true)
        worker.begin()
        _ = worker.sending([small])
        let terms = FrameSharing.Note.terms(name: "/minishard-test-nowhere", blockCount: 20, blockSize: 4096).frame
        #expect(throws: SharedMemoryError.self) { try worker.received([small, terms]) }
        worker.begin()
        #expect(worker.sending([small, large(1)]).map(\.count) == [3, 5000])
        #expect(try worker.received([small, large(1)])?.count == 2)
    }

    @Test("Notes are read as they were written; no mutation of one is more than a note or nothing")
    func notes() throws {
        let notes: [FrameSharing.Note] = [
            .offer, .terms(name: "/a", blockCount: 20, blockSize: 8192),
            .references([.init(frame: 1, block: 2, count: 3, ticket: 4), .init(frame: 3, block: 5, count: 70_000, ticket: 1 << 40)]),
        ]
        var generator = MersenneTwister(seed: 3)
        for note in notes {
            let bytes = note.frame.bytes()
            #expect(FrameSharing.Note(note.frame) == note)
            for length in 0..<bytes.count { _ = FrameSharing.Note(Frame(bytes: Array(bytes[..<length]))) }
            for _ in 0..<2000 {
                var mutated = bytes
                for _ in 0...generator.next32() % 4 {
                    mutated[Int(generator.next32()) % bytes.count] = UInt8(truncatingIfNeeded: generator.next32())
                }
                if let read = FrameSharing.Note(Frame(bytes: mutated)) { #expect(FrameSharing.Note(read.frame) == read) }
            }
        }
        for magicless in [[UInt8](repeating: 0, count: 64), [1], []] { #expect(FrameSharing.Note(Frame(bytes: magicless)) == nil) }
    }
}
