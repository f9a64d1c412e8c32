import CMessageSocket
import Coordinator
import Datasets
import Testing
import TrainingProtocol

@testable import SharedMemory
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
        private static let mostLines = 12
        private let small = Frame(bytes: [1, 2, 3])
        private let path = String(TestEndpoint.fresh("ipc").dropFirst("ipc://".count))
        private let lines = DirectLines(areWanted: true, capacity: mostLines, dataset: TestData.dataset(), largestTensor: largest) {
            Issue.record("\($0)")
        }

        init() { #expect(lines.listen(at: path) == nil) }

        private func large(_ seed: Int, count: Int = 5000) -> Frame {
            Frame(bytes: (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 31 &+ seed) })
        }

        private func accept(now: Duration = .zero) { lines.accept(lines.descriptors, now: now) }

        /// Puts a message into a line's queue as whoever has its other end could.
        private func forge(_ message: DirectMessage, by line: DirectLine) {
            var bytes: [UInt8] = []
            message.append(to: &bytes)
            #expect(bytes.withUnsafeBytes { line.queues.outgoing.send($0) })
        }

        /// A worker's line, and the coordinator's end of it.
        private func connected() throws -> (worker: DirectLine, peer: PeerID, coordinator: DirectLine) {
            let descriptor = message_socket_connect(path)
            #expect(descriptor >= 0)
            #expect(try DirectLine.greeted(descriptor) == nil)
            accept()
            let worker = try #require(try DirectLine.greeted(descriptor))
            #expect(worker.send([small]))
            #expect(lines.haveNews)
            let (peer, coordinator, _) = try #require(lines.linesWithNews(readable: []).first)
            #expect(message(coordinator.receive())?.map { $0.bytes() } == [small.bytes()])
            return (worker, peer, coordinator)
        }

        /// As many as there are lines for, each of which is known for a worker before the next one comes.
        private func connectedWorkers() throws -> [(worker: DirectLine, peer: PeerID, coordinator: DirectLine)] {
            try (0..<Self.mostLines).map { _ in
                defer { lines.closeIdle(now: .zero) { _ in true } }
                return try connected()
            }
        }

        private func message(_ arrival: Arrival) -> [Frame]? { if case .message(let frames) = arrival { frames } else { nil } }

        private func isEnd(_ arrival: Arrival) -> Bool { if case .end = arrival { true } else { false } }

        /// A frame that is made where a worker sends it from.
        private func frame(_ worker: DirectLine, _ bytes: [UInt8]) -> Frame? {
            let draft = worker.draft(byteCount: bytes.count)
            draft?.bytes.copyBytes(from: bytes)
            return draft?.frame
        }

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
                let values = try #require(frame(worker, bytes))
                #expect(worker.send([small, values]))
                let frames = try #require(message(coordinator.receive()))
                #expect(frames[1].bytes() == bytes)
                kept += frames
            }
            // With all blocks taken, and for small ones, there is no place.
            #expect(frame(worker, bytes) == nil)
            kept = []
            #expect(frame(worker, [1, 2, 3]) == nil)
            #expect(frame(worker, bytes)?.bytes() == bytes)
        }

        @Test("Parameters are made once, where all workers see them")
        func madeForAll() throws {
            let tensors = try #require(lines.tensors)
            let connections = try (0..<3).map { _ in try connected() }
            let draft = tensors.makeFrame(5000)
            draft.bytes.copyBytes(from: large(5).bytes())
            let frame = draft.frame
            var kept: [Frame] = []
            for (worker, _, coordinator) in connections {
                for _ in 0..<2 {
                    #expect(coordinator.send([small, frame]))
                    let received = try #require(message(worker.receive()))
                    #expect(received.map { $0.bytes() } == [small.bytes(), large(5).bytes()])
                    kept.append(received[1])
                }
            }
            // The second time a worker has the block already, and gets a copy in another one.
            draft.bytes[0] &+= 1
            let copied = kept.map { $0.bytes()[0] == large(5).bytes()[0] }
            #expect(copied == [false, true, false, true, false, true])
        }

        @Test("Images are not sent where both ends have them, and are read where they are if they stand one after the other")
        func images() throws {
            let tensors = try #require(lines.tensors)
            let dataset = TestData.dataset()
            let (worker, _, coordinator) = try connected()
            for (table, images) in [(tensors.trainImages, dataset.train), (tensors.testImages, dataset.test)] {
                let size = images.height * images.width
                for numbers: [UInt32] in [[3, 4, 5, 6], [7, 0, 7, 2], [UInt32(images.count) - 1], []] {
                    let frame = Frame(TableRows(of: table, numbers: numbers))
                    #expect(coordinator.send([small, frame]))
                    let received = try #require(message(worker.receive())).last
                    #expect(received?.bytes() == numbers.flatMap { images.pixels[Int($0) * size..<(Int($0) + 1) * size] })
                    #expect(received?.rows != nil)
                    let isConsecutive = numbers.count > 1 && numbers[1] == numbers[0] + 1 || numbers.count == 1
                    #expect((received?.contiguous.owner === received?.contiguous.owner) == isConsecutive)
                }
            }
            // Rows of another table are sent.
            let other = Frame(TableRows(of: RowTable([1, 2, 3, 4], rowSize: 2), numbers: [1, 0]))
            #expect(coordinator.send([other]))
            #expect(message(worker.receive())?.map { $0.bytes() } == [[3, 4, 1, 2]])
        }

        @Test("Images that there are not reach no state machine", arguments: [(0, 120), (0, .max), (2, 0), (.max, 0)] as [(Int, UInt32)])
        func forgedImages(table: Int, number: UInt32) throws {
            let (worker, _, coordinator) = try connected()
            forge(DirectMessage([.inline(small), .rows([0, number], table: table)]), by: coordinator)
            guard case .unreadable(.damaged) = worker.receive() else {
                Issue.record("image \(number) of table \(table) was taken")
                return
            }
        }

        private func ahead(_ arrival: Arrival) -> [Frame]? { if case .ahead(let frames) = arrival { frames } else { nil } }

        private func isReleased(_ arrival: Arrival) -> Bool { if case .released = arrival { true } else { false } }

        private func isNothing(_ arrival: Arrival) -> Bool { if case .nothing = arrival { true } else { false } }

        /// A message with parameters that are still to be written.
        private func unwritten() throws -> (message: [Frame], parameters: FrameDraft) {
            let draft = try #require(lines.tensors).makeFrame(5000)
            return ([Frame(bytes: [7]), draft.frame], draft)
        }

        @Test("A message that is sent ahead arrives when it is sent, with what was written since")
        func sentAhead() throws {
            let (worker, _, coordinator) = try connected()
            for round in 0..<40 {
                let (message, parameters) = try unwritten()
                coordinator.sendAhead(message)
                let frames = try #require(ahead(worker.receive()))
                #expect(frames.map(\.count) == [1, 5000])
                #expect(!worker.hasNews && isNothing(worker.receive()))
                parameters.bytes.copyBytes(from: large(round).bytes())
                #expect(coordinator.send(message))
                #expect(worker.hasNews)
                #expect(isReleased(worker.receive()))
                #expect(frames.map { $0.bytes() } == message.map { $0.bytes() })
                #expect(!worker.hasNews && isNothing(worker.receive()))
            }
        }

        @Test("Messages before and after the release of one that was sent ahead arrive before and after it", arguments: [false, true])
        func orderOfReleases(isReadFirst: Bool) throws {
            let (worker, _, coordinator) = try connected()
            let (message, _) = try unwritten()
            coordinator.sendAhead(message)
            if isReadFirst { #expect(ahead(worker.receive()) != nil) }
            #expect(coordinator.send([Frame(bytes: [1])]))
            #expect(coordinator.send(message))
            #expect(coordinator.send([Frame(bytes: [2])]))
            if !isReadFirst { #expect(ahead(worker.receive()) != nil) }
            #expect(self.message(worker.receive())?[0].bytes() == [1])
            #expect(isReleased(worker.receive()))
            #expect(worker.hasNews)
            #expect(self.message(worker.receive())?[0].bytes() == [2])
            #expect(!worker.hasNews && isNothing(worker.receive()))
        }

        @Test("Of messages that are sent ahead only the last one can arrive so; one before it arrives as any other does")
        func replaced() throws {
            let (worker, _, coordinator) = try connected()
            let (first, firstParameters) = try unwritten()
            let (second, secondParameters) = try unwritten()
            for message in [first, second] { coordinator.sendAhead(message) }
            firstParameters.bytes.copyBytes(from: large(1).bytes())
            secondParameters.bytes.copyBytes(from: large(2).bytes())
            for _ in 0..<2 { #expect(ahead(worker.receive()) != nil) }
            #expect(coordinator.send(first))
            #expect(message(worker.receive())?[1].bytes() == large(1).bytes())
            #expect(coordinator.send(second))
            #expect(isReleased(worker.receive()))
            #expect(isNothing(worker.receive()))
        }

        @Test("What is sent ahead and never released costs no block")
        func neverReleased() throws {
            let (worker, _, coordinator) = try connected()
            let blocks = try #require(lines.common).memory.blocks
            for _ in 0..<3 * blocks.geometry.blockCount {
                coordinator.sendAhead(try unwritten().message)
                #expect(ahead(worker.receive()) != nil)
            }
            // Nothing is kept for the last one either, once another one takes its place.
            coordinator.sendAhead([small])
            let drafts = (0..<blocks.geometry.blockCount).map { _ in blocks.draft(byteCount: 1) }
            #expect(drafts.allSatisfy { $0 != nil })
        }

        @Test("What cannot be sent ahead is sent in its time")
        func notAhead() throws {
            let (worker, _, coordinator) = try connected()
            // A last frame that is no draft of this line's, large or small, one whose block the worker has already, and a large frame before it.
            let (message, _) = try unwritten()
            #expect(coordinator.send(message))
            let kept = try #require(self.message(worker.receive()))
            let unwritten = try unwritten().message
            let smallDraft = try #require(lines.tensors).makeFrame(100)
            smallDraft.bytes.initializeMemory(as: UInt8.self, repeating: 4)
            for message in [[small, large(1)], [small, smallDraft.frame], message, [large(1), unwritten[1]], []] {
                coordinator.sendAhead(message)
                #expect(isNothing(worker.receive()))
                if message.isEmpty { continue }
                #expect(coordinator.send(message))
                #expect(self.message(worker.receive())?.map { $0.bytes() } == message.map { $0.bytes() })
            }
            #expect(kept.count == 2)
        }

        @Test("A message wakes an end that sleeps, and only that", arguments: [false, true])
        func wakes(isAsleep: Bool) throws {
            let (worker, _, coordinator) = try connected()
            let (message, _) = try unwritten()
            coordinator.sendAhead(message)
            #expect(ahead(worker.receive()) != nil)
            for (line, send) in [(worker, { coordinator.send(message) }), (coordinator, { worker.send([small]) })] {
                if isAsleep { line.fallAsleep() }
                #expect(send())
                var entry = pollfd(fd: line.descriptor, events: Int16(POLLIN), revents: 0)
                #expect(poll(&entry, 1, 0) == (isAsleep ? 1 : 0))
                line.wakeUp()
                #expect(!isNothing(line.receive(isReadable: isAsleep)))
                #expect(poll(&entry, 1, 0) == 0)
                for isReadable in [true, false] { #expect(isNothing(line.receive(isReadable: isReadable))) }
            }
        }

        @Test("Messages that the queue has no room for arrive in their turn")
        func throughTheSocket() throws {
            let (worker, _, coordinator) = try connected()
            // Frames too small for blocks.
            let messages = (0..<300).map { round in
                (0..<round % 7 + 1).map { large(round + $0, count: (round * 977 + $0 * 331) % SharedFrames.leastSize) }
            }
            // As many as a socket with Linux's usual buffers has room for.
            let most = 20
            for first in stride(from: 0, to: messages.count, by: most) {
                let underway = messages[first..<min(first + most, messages.count)]
                for message in underway { #expect(coordinator.send(message)) }
                // What the socket tells of is not its turn yet.
                var entry = pollfd(fd: worker.descriptor, events: Int16(POLLIN), revents: 0)
                #expect(poll(&entry, 1, 0) == 1)
                for sent in underway { #expect(message(worker.receive())?.map { $0.bytes() } == sent.map { $0.bytes() }) }
                #expect(!worker.hasNews && isNothing(worker.receive()))
            }
        }

        @Test("A message may come by the socket before its place in the queue, but only one")
        func beforeItsPlace() throws {
            let (worker, _, coordinator) = try connected()
            var bytes: [UInt8] = []
            DirectMessage([.inline(small)]).append(to: &bytes)
            for _ in 0..<3 {
                #expect(message_socket_send(coordinator.descriptor, bytes, bytes.count) != 0)
                #expect(isNothing(worker.receive()) && !worker.hasNews)
                #expect(coordinator.queues.outgoing.send(UnsafeRawBufferPointer(start: nil, count: 0)))
                #expect(worker.hasNews && message(worker.receive())?.map { $0.bytes() } == [small.bytes()])
            }
            for _ in 0..<2 { #expect(message_socket_send(coordinator.descriptor, bytes, bytes.count) != 0) }
            #expect(isNothing(worker.receive()))
            #expect(isEnd(worker.receive()))
        }

        @Test("A queue that cannot be one, or a place in it for a message that there is not, ends the line", arguments: [false, true])
        func damagedQueue(isPlace: Bool) throws {
            let (worker, _, coordinator) = try connected()
            #expect(coordinator.send([small]))
            if isPlace {
                #expect(coordinator.queues.outgoing.send(UnsafeRawBufferPointer(start: nil, count: 0)))
            } else {
                coordinator.queues.outgoing.sentBytes.pointee += 7
            }
            #expect(message(worker.receive()) != nil)
            #expect(isEnd(worker.receive()))
            #expect(isEnd(worker.receive()) && !worker.send([small]))
        }

        @Test("A release whose block was not handed over reaches no state machine")
        func forgedRelease() throws {
            let (worker, _, coordinator) = try connected()
            forge(DirectMessage([.inline(small), .shared(block: 2, count: 5000, ticket: 77)], number: 9), by: coordinator)
            #expect(ahead(worker.receive()) != nil)
            for number: UInt64 in [8, 9, 9] {
                forge(DirectMessage([], number: number), by: coordinator)
                guard case .unreadable(.damaged) = worker.receive() else {
                    Issue.record("a block was read that was not there")
                    return
                }
            }
        }

        @Test("With no block free frames travel in the message, if there is room")
        func exhausted() throws {
            let (worker, _, coordinator) = try connected()
            var kept: [[Frame]] = []
            let count = try #require(lines.common).memory.layout.blocks.blockCount + 3
            for round in 0..<count {
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

        @Test("What a worker says of blocks that it has no right to reaches no state machine", arguments: [0, 3, 4, 111, 112, Int.max])
        func forged(block: Int) throws {
            let (worker, _, coordinator) = try connected()
            for ticket in UInt64(1)...3 {
                forge(DirectMessage([.inline(small), .shared(block: block, count: 5000, ticket: ticket)]), by: worker)
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

        @Test("When workers have all lines, others are turned away until one is free")
        func capacity() throws {
            var taken = try connectedWorkers()
            let workers = taken.map(\.peer)
            let isWorker = { (peer: PeerID) in workers.contains(peer) }
            for round in 0..<3 {
                let descriptor = message_socket_connect(path)
                defer { close(descriptor) }
                accept()
                // A line may still become free.
                #expect(try DirectLine.greeted(descriptor) == nil)
                lines.closeIdle(now: .zero, isWorker: isWorker)
                let error = #expect(throws: TransportError.self) { try DirectLine.greeted(descriptor) }
                #expect(error?.description == "The coordinator has no direct line for this worker.", "round \(round)")
            }
            let (_, peer, _) = taken.removeLast()
            lines.closeLine(to: peer)
            _ = try connected()
        }

        @Test("Each worker that has a line may keep all the parameters that it can hold, and more can be sent")
        func blocksForAll() throws {
            var kept: [[Frame]] = []
            for (worker, _, coordinator) in try connectedWorkers() {
                for round in 0..<TrainingProtocol.keptParameters {
                    #expect(coordinator.send([large(round)]))
                    kept.append(try #require(message(worker.receive())))
                }
            }
            let blocks = try #require(lines.common).memory.blocks
            #expect(blocks.draft(byteCount: Self.largest) != nil)
            #expect(kept.count == Self.mostLines * TrainingProtocol.keptParameters)
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
            // Ten images for training and five for testing, of 100 bytes each; three blocks there and four back, of a page each; queues of 800 bytes.
            let intact: [UInt64] = [100, 10, 5, 3, 4, 4096, 800]
            func greet(_ other: Int32, _ numbers: [UInt64]) {
                _ = try? SharedRegion(byteCount: 2 * 4096 + 3 * 4096) { common in
                    _ = try? SharedRegion(byteCount: 4096 + 4 * 4096) { own in
                        _ = message_socket_send_descriptors(other, numbers, numbers.count * 8, [common, own])
                    }
                }
            }
            let descriptor = message_socket_connect(path + "2")
            let other = message_socket_accept(listener)
            greet(other, intact)
            #expect(try DirectLine.greeted(descriptor) != nil)
            close(other)
            try refused { _ = message_socket_send($0, [1, 2, 3], 3) }
            try refused { _ = message_socket_send($0, intact, intact.count * 8) }
            for place in intact.indices {
                for number: UInt64 in [0, intact[place] + 4096, 1 << 40, .max] {
                    var numbers = intact
                    numbers[place] = number
                    try refused { greet($0, numbers) }
                }
            }
            for numbers in [Array(intact.dropLast()), intact + [0]] { try refused { greet($0, numbers) } }
            try refused { shutdown($0, Int32(SHUT_RDWR)) }
        }
    }

    extension DirectLine {
        /// What has come, by the socket or without it.
        fileprivate func receive() -> Arrival { receive(isReadable: true) }
    }
#endif
