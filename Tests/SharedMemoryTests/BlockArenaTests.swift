import Testing

@testable import SharedMemory

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

struct BlockArenaTests {
    /// Both ends of an arena, as two processes have them.
    private struct Ends {
        let sender: BlockArena
        let receiver: BlockArena

        init(blockCount: Int = 4, roomFor size: Int = 5000) throws {
            let geometry = BlockArena.Geometry(blockCount: blockCount, roomFor: size)
            var opened: Result<BlockArena, any Error>?
            sender = try BlockArena(geometry) { descriptor in opened = Result { try BlockArena(sharedAs: descriptor, geometry) } }
            receiver = try #require(opened).get()
        }

        func put(_ bytes: [UInt8], into blocks: Range<Int> = 0..<4, ticket: UInt64) -> Int? {
            bytes.withUnsafeBytes { sender.put($0, into: blocks, ticket: ticket) }
        }
    }

    @Test("Bytes that one end puts into a block are what the other one takes out of it")
    func roundTrip() throws {
        let ends = try Ends()
        for (number, count) in [0, 1, 4096, 5000, 8192].enumerated() {
            let bytes = (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 7 &+ number) }
            let block = try #require(ends.put(bytes, ticket: UInt64(number + 1)))
            let lease = try #require(ends.receiver.take(block, of: 0..<4, count: count, ticket: UInt64(number + 1)))
            #expect([UInt8](lease.bytes) == bytes)
        }
    }

    @Test("A block is taken once, by its own ticket, and is free again when the lease is")
    func tickets() throws {
        let ends = try Ends(blockCount: 1)
        #expect(ends.receiver.take(0, of: 0..<1, count: 3, ticket: 0) == nil)
        #expect(ends.put([1, 2, 3], into: 0..<1, ticket: 5) == 0)
        #expect(ends.put([4], into: 0..<1, ticket: 6) == nil)
        #expect(ends.receiver.take(0, of: 0..<1, count: 3, ticket: 4) == nil)
        do {
            let lease = try #require(ends.receiver.take(0, of: 0..<1, count: 3, ticket: 5))
            #expect(ends.receiver.take(0, of: 0..<1, count: 3, ticket: 5) == nil)
            #expect(ends.put([4], into: 0..<1, ticket: 6) == nil)
            #expect([UInt8](lease.bytes) == [1, 2, 3])
        }
        #expect(ends.receiver.take(0, of: 0..<1, count: 3, ticket: 5) == nil)
        #expect(ends.put([4], into: 0..<1, ticket: 6) == 0)
    }

    @Test("A draft is filled where it is sent from, and given back if it is not sent")
    func drafts() throws {
        let ends = try Ends(blockCount: 1)
        do {
            let draft = try #require(ends.sender.draft(byteCount: 3, in: 0..<1))
            #expect(ends.sender.draft(byteCount: 3, in: 0..<1) == nil)
            for ticket in 0..<UInt64(3) { #expect(ends.receiver.take(0, of: 0..<1, count: 3, ticket: ticket) == nil) }
            draft.bytes.copyBytes(from: [7, 8, 9])
        }
        let draft = try #require(ends.sender.draft(byteCount: 3, in: 0..<1))
        draft.bytes.copyBytes(from: [1, 2, 3])
        #expect(ends.sender.send(draft, ticket: 4) == 0)
        #expect(ends.sender.send(draft, ticket: 5) == nil)
        #expect(ends.receiver.take(0, of: 0..<1, count: 3, ticket: 4).map { [UInt8]($0.bytes) } == [1, 2, 3])
        // The receiver has done with it, the sender has not.
        #expect(ends.sender.draft(byteCount: 3, in: 0..<1) == nil)
        #expect(ends.put([9], into: 0..<1, ticket: 6) == nil)
        #expect(ends.sender.send(draft, ticket: 7) == 0)
        #expect(ends.receiver.take(0, of: 0..<1, count: 3, ticket: 7).map { [UInt8]($0.bytes) } == [1, 2, 3])
        #expect(ends.sender.draft(byteCount: 8193, in: 0..<1) == nil)
        let other = try Ends(blockCount: 1)
        let foreign = try #require(other.sender.draft(byteCount: 1, in: 0..<1))
        #expect(ends.sender.send(foreign, ticket: 6) == nil)
    }

    @Test("A block that was sent is free when both sides have done with it, in whatever order", arguments: [false, true])
    func bothHaveDone(senderFirst: Bool) throws {
        let ends = try Ends(blockCount: 1)
        var draft = ends.sender.draft(byteCount: 1, in: 0..<1)
        #expect(ends.sender.send(try #require(draft), ticket: 1) == 0)
        var lease = ends.receiver.take(0, of: 0..<1, count: 1, ticket: 1)
        #expect(lease != nil)
        if senderFirst { draft = nil } else { lease = nil }
        #expect(ends.sender.draft(byteCount: 1, in: 0..<1) == nil)
        (draft, lease) = (nil, nil)
        #expect(ends.sender.draft(byteCount: 1, in: 0..<1) != nil)
    }

    @Test("A draft can leave others a rest")
    func rest() throws {
        let ends = try Ends(blockCount: 4)
        #expect(ends.sender.draft(byteCount: 1, in: 0..<4, leaving: 4) == nil)
        let drafts = (0..<4).map { _ in ends.sender.draft(byteCount: 1, in: 0..<4, leaving: 2) }
        #expect(drafts.map { $0 != nil } == [true, true, false, false])
        #expect(ends.put([1], ticket: 1) != nil)
    }

    @Test("What is outside the arena or the sender's blocks is not to be had")
    func bounds() throws {
        let ends = try Ends()
        #expect(ends.put([UInt8](repeating: 0, count: 8193), ticket: 1) == nil)
        #expect(ends.put([1], into: 0..<4, ticket: 2) == 0)
        for (block, count) in [(-1, 1), (4, 1), (0, 8193), (0, -1), (Int.max, 1), (0, Int.max)] {
            #expect(ends.receiver.take(block, of: 0..<4, count: count, ticket: 2) == nil)
        }
        #expect(ends.receiver.take(0, of: 1..<4, count: 1, ticket: 2) == nil)
        #expect(ends.receiver.take(0, of: 0..<4, count: 1, ticket: 2) != nil)
    }

    @Test("Blocks that an end only reads it cannot write to, and all others it can")
    func protection() throws {
        let ends = try Ends(roomFor: 65536)
        ends.receiver.protect(1..<3)
        let zeros = open("/dev/zero", O_RDONLY)
        defer { close(zeros) }
        for block in 0..<4 {
            let bytes = [UInt8](repeating: 7, count: 65536)
            #expect(ends.put(bytes, into: block..<block + 1, ticket: UInt64(block + 1)) == block)
            let lease = try #require(ends.receiver.take(block, of: 0..<4, count: 65536, ticket: UInt64(block + 1)))
            // The system writes for us, and reports what a store of our own would die of.
            let written = read(zeros, UnsafeMutableRawPointer(mutating: lease.bytes.baseAddress), 65536)
            let isProtected = (1..<3).contains(block)
            #expect(written == (isProtected ? -1 : 65536))
            #expect(!isProtected || errno == EFAULT)
            #expect([UInt8](lease.bytes) == (isProtected ? bytes : [UInt8](repeating: 0, count: 65536)))
        }
    }

    @Test("What is no arena, or one of another size than announced, is not opened")
    func wrongSize() throws {
        let geometry = BlockArena.Geometry(blockCount: 2, roomFor: 100)
        _ = try BlockArena(geometry) { descriptor in
            let error = #expect(throws: SharedMemoryError.self) {
                try BlockArena(sharedAs: descriptor, BlockArena.Geometry(blockCount: 3, roomFor: 100))
            }
            #expect(error?.description == "opening shared memory failed: Invalid argument")
        }
        var ends: [Int32] = [-1, -1]
        #expect(pipe(&ends) == 0)
        #expect(throws: SharedMemoryError.self) { try BlockArena(sharedAs: ends[0], geometry) }
        for end in ends { close(end) }
    }

    #if os(Linux)
        @Test("An arena's size is final, so that nobody can take memory away from under the other end")
        func sealed() throws {
            _ = try BlockArena(BlockArena.Geometry(blockCount: 2, roomFor: 100)) { descriptor in
                #expect(ftruncate(descriptor, 0) == -1)
                #expect(errno == EPERM)
            }
        }
    #endif
}
