import CMessageSocket
import Coordinator
import SharedMemory
import Testing
import TrainingProtocol

@testable import Transport

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

#if os(Linux)
    /// A coordinator's direct lines, and workers' ends of them.
    struct DirectLineTests {
        private static let largest = 100_000
        private let small = Frame(bytes: [1, 2, 3])
        private let path = String(TestEndpoint.fresh("ipc").dropFirst("ipc://".count))
        private let lines = DirectLines(largestTensor: largest)

        init() { lines.listen(at: path) }

        private func large(_ seed: Int, count: Int = 5000) -> Frame {
            Frame(bytes: (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 31 &+ seed) })
        }

        private func accept(now: Duration = .zero) { lines.accept(lines.descriptors, now: now) }

        /// What readable connections there are.
        private func arrived() -> [(peer: PeerID, line: DirectLine)] {
            var entries = lines.descriptors.map { pollfd(fd: $0, events: Int16(POLLIN), revents: 0) }
            _ = poll(&entries, nfds_t(entries.count), 0)
            return lines.lines(among: entries.filter { $0.revents != 0 }.map(\.fd))
        }

        /// A worker's line, and the coordinator's end of it.
        private func connected() throws -> (worker: DirectLine, peer: PeerID, coordinator: DirectLine) {
            let descriptor = message_socket_connect(path)
            #expect(descriptor >= 0)
            #expect(try DirectLine.greeted(descriptor) == nil)
            accept()
            let worker = try #require(try DirectLine.greeted(descriptor))
            #expect(worker.send([small]))
            let (peer, coordinator) = try #require(arrived().first)
            #expect(message(coordinator.receive())?.map { $0.bytes() } == [small.bytes()])
            return (worker, peer, coordinator)
        }

        private func message(_ arrival: Arrival) -> [Frame]? { if case .message(let frames) = arrival { frames } else { nil } }

        private func isEnd(_ arrival: Arrival) -> Bool { if case .end = arrival { true } else { false } }

        @Test("Messages go in both directions and arrive as they were sent, in order")
        func bothDirections() throws {
            let (worker, _, coordinator) = try connected()
            for round in 0..<50 {
                let work = [[small, large(round), small, large(round + 1, count: Self.largest)], [large(round + 3), Frame(bytes: [])]]
                for message in work { #expect(coordinator.send(message)) }
                for sent in work { #expect(message(worker.receive())?.map { $0.bytes() } == sent.map { $0.bytes() }) }
                guard case .nothing = worker.receive() else {
                    Issue.record("something arrived that was not sent")
                    return
                }
                let result = [small, large(round + 2)]
                #expect(worker.send(result))
                #expect(message(coordinator.receive())?.map { $0.bytes() } == result.map { $0.bytes() })
            }
        }

        @Test("A result that was made in a block is sent from there")
        func madeInPlace() throws {
            let (worker, _, coordinator) = try connected()
            let bytes = large(4).bytes()
            var kept: [Frame] = []
            for _ in 0..<SharedFrames.blocksToCoordinator {
                let values = try #require(worker.frame(byteCount: bytes.count) { $0.copyBytes(from: bytes) })
                #expect(worker.send([small, values]))
                let frames = try #require(message(coordinator.receive()))
                #expect(frames[1].bytes() == bytes)
                kept += frames
            }
            // With all blocks taken, and for small ones, there is no place.
            #expect(worker.frame(byteCount: bytes.count) { $0.copyBytes(from: bytes) } == nil)
            kept = []
            #expect(worker.frame(byteCount: 3) { $0.copyBytes(from: [1, 2, 3]) } == nil)
            #expect(worker.frame(byteCount: bytes.count) { $0.copyBytes(from: bytes) }?.bytes() == bytes)
        }

        @Test("Parameters are made at up to two of the lines that will probably need them, and go from there and anywhere else")
        func madeForTwo() throws {
            let bytes = large(5).bytes()
            var buffers: [Int] = []
            func parameters(for peers: [PeerID]) -> Frame {
                lines.frame(byteCount: bytes.count, for: peers) { first, second in
                    buffers.append(second == nil ? 1 : 2)
                    first.copyBytes(from: bytes)
                    second?.copyBytes(from: bytes)
                }
            }
            let connections = try (0..<3).map { _ in try connected() }
            let peers = connections.map(\.peer)
            #expect(parameters(for: []).bytes() == bytes)
            #expect(parameters(for: [PeerID([1])]).bytes() == bytes)
            #expect(parameters(for: [PeerID([1]), peers[2]]).bytes() == bytes)
            let frame = parameters(for: peers)
            #expect(buffers == [1, 1, 1, 2])
            // Nothing but what was made there is left to send by.
            var taken: [[Frame]] = []
            for (worker, _, coordinator) in connections.prefix(2) {
                for round in 0..<SharedFrames.blocksToWorker - 1 {
                    #expect(coordinator.send([large(round)]))
                    taken.append(try #require(message(worker.receive())))
                }
            }
            var kept: [Frame] = []
            for (worker, _, coordinator) in connections {
                for _ in 0..<2 {
                    #expect(coordinator.send([small, frame]))
                    let received = try #require(message(worker.receive()))
                    #expect(received.map { $0.bytes() } == [small.bytes(), bytes])
                    kept.append(received[1])
                }
            }
            // In a block, which begins on a page; then, because the worker has that, in the message.
            func isInBlock(_ frame: Frame) -> Bool { frame.withUnsafeBytes { Int(bitPattern: $0.baseAddress) % 4096 == 0 } }
            #expect(kept.map(isInBlock) == [true, false, true, false, true, true])
            #expect(parameters(for: peers).bytes() == bytes)
            #expect(buffers == [1, 1, 1, 2, 1])
            #expect(frame.bytes() == bytes)
        }

        @Test("With no block free frames travel in the message, if there is room")
        func exhausted() throws {
            let (worker, _, coordinator) = try connected()
            var kept: [[Frame]] = []
            for round in 0..<SharedFrames.blocksToWorker + 3 {
                #expect(coordinator.send([small, large(round)]))
                kept.append(try #require(message(worker.receive())))
            }
            for (round, frames) in kept.enumerated() { #expect(frames[1].bytes() == large(round).bytes()) }
            #expect(!coordinator.send([large(1, count: 4 << 20)]))
            // A reader that has stopped is found out.
            var sent = 0
            while sent < 10_000, coordinator.send([large(1)]) { sent += 1 }
            #expect((1..<10_000).contains(sent))
        }

        @Test("What a worker says of blocks that it has no right to reaches no state machine", arguments: [0, 19, 20, 23, 24, Int.max])
        func forged(block: Int) throws {
            let (worker, _, coordinator) = try connected()
            for ticket in UInt64(1)...3 {
                var datagram: [UInt8] = []
                DirectMessage.append([.inline(small), .shared(block: block, count: 5000, ticket: ticket)], to: &datagram)
                #expect(message_socket_send(worker.descriptor, datagram, datagram.count) != 0)
                guard case .unreadable(.damaged) = coordinator.receive() else {
                    Issue.record("block \(block) was taken by ticket \(ticket)")
                    return
                }
            }
            #expect(worker.send([small, large(1)]))
            #expect(message(coordinator.receive())?.count == 2)
        }

        @Test("What was sent before a line was closed arrives, unread messages on the other side or not", arguments: [false, true])
        func closed(isUnread: Bool) throws {
            var (worker, peer, coordinator): (DirectLine?, PeerID, DirectLine) = try connected()
            if isUnread { #expect(coordinator.send([small])) }
            for round in 0..<3 { #expect(worker?.send([large(round)]) == true) }
            worker = nil
            for round in 0..<3 { #expect(message(coordinator.receive())?.map { $0.bytes() } == [large(round).bytes()]) }
            #expect(isEnd(coordinator.receive()))
            #expect(!coordinator.send([small]))
            lines.closeLine(to: peer)
            #expect(lines.line(to: peer) == nil)
        }

        @Test("Strangers come in a few at a time and must leave; workers stay")
        func strangers() throws {
            let (worker, peer, _) = try connected()
            let isWorker = { (other: PeerID) in other == peer }
            lines.closeIdle(now: .zero, isWorker: isWorker)
            let strangers = (0..<20).map { _ in message_socket_connect(path) }
            defer { for stranger in strangers { close(stranger) } }
            accept()
            // The worker's, and as many as may be; nobody listens for more.
            #expect(lines.descriptors.count == 9)
            lines.closeIdle(now: .seconds(1), isWorker: isWorker)
            accept(now: .seconds(1))
            #expect(lines.descriptors.count == 9)
            lines.closeIdle(now: .seconds(3), isWorker: isWorker)
            #expect(lines.descriptors.count == 2)
            accept(now: .seconds(3))
            #expect(lines.descriptors.count == 9)
            #expect(lines.line(to: peer)?.send([small]) == true)
            #expect(message(worker.receive())?.count == 1)
            lines.closeIdle(now: .seconds(6)) { _ in false }
            #expect(isEnd(worker.receive()))
        }

        @Test("A greeting that is none makes no line")
        func badGreeting() throws {
            let listener = message_socket_listen(path + "2")
            defer {
                close(listener)
                unlink(path + "2")
            }
            func refused(_ greet: (Int32) -> Void) throws {
                let descriptor = message_socket_connect(path + "2")
                let other = message_socket_accept(listener)
                defer { for end in [descriptor, other] { close(end) } }
                greet(other)
                let error = #expect(throws: TransportError.self) { try DirectLine.greeted(descriptor) }
                #expect(error?.description.isEmpty == false)
            }
            func greet(_ other: Int32, _ numbers: [UInt64]) {
                _ = try? BlockArena(SharedFrames.geometry(roomFor: 100)) { memory in
                    _ = message_socket_send_descriptor(other, numbers, numbers.count * 8, memory)
                }
            }
            try refused { _ = message_socket_send($0, [1, 2, 3], 3) }
            try refused { _ = message_socket_send($0, [20, 4, 4096] as [UInt64], 24) }
            let numbers: [[UInt64]] = [
                [20, 4, 8192], [20, 5, 4096], [0, 24, 4096], [24, 0, 4096], [1 << 40, 4, 4096], [20, .max, 4096], [20, 4, 1 << 60],
                [20, 4],
                [20, 4, 4096, 0],
            ]
            for numbers in numbers { try refused { greet($0, numbers) } }
            try refused { shutdown($0, Int32(SHUT_RDWR)) }
        }
    }
#endif
