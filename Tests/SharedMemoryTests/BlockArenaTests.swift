import Testing

@testable import SharedMemory

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

struct BlockArenaTests {
    private static func freshName() -> String { "/minishard-test-\(getpid())-\(UInt16.random(in: .min ... .max))" }

    /// Both ends of an arena, as two processes have them.
    private struct Ends {
        let sender: BlockArena
        let receiver: BlockArena

        init(blockCount: Int = 4, roomFor size: Int = 5000) throws {
            let geometry = BlockArena.Geometry(blockCount: blockCount, roomFor: size)
            let sender = try BlockArena(creating: freshName(), geometry)
            defer { sender.unlink() }
            self.sender = sender
            receiver = try BlockArena(opening: sender.name, geometry)
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
        #expect(ends.sender.draft(byteCount: 8193, in: 0..<1) == nil)
        let other = try Ends(blockCount: 1)
        let foreign = try #require(other.sender.draft(byteCount: 1, in: 0..<1))
        #expect(ends.sender.send(foreign, ticket: 6) == nil)
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

    @Test("An arena goes on without its name, and is not found under it")
    func unlinked() throws {
        let ends = try Ends()
        #expect(ends.put([9], ticket: 1) == 0)
        #expect(ends.receiver.take(0, of: 0..<4, count: 1, ticket: 1).map { [UInt8]($0.bytes) } == [9])
        let error = #expect(throws: SharedMemoryError.self) { try BlockArena(opening: ends.sender.name, ends.sender.geometry) }
        #expect(error?.description.contains(ends.sender.name) == true)
    }

    #if os(Linux)
        @Test("What a process that was killed has left behind is taken away, and nobody else's")
        func abandoned() throws {
            var ended = pid_t()
            #expect(posix_spawnp(&ended, "true", nil, nil, [strdup("true"), nil], environ) == 0)
            #expect(waitpid(ended, nil, 0) == ended)
            let prefix = "/minishard-test-abandoned-\(UInt32.random(in: .min ... .max))-"
            let geometry = BlockArena.Geometry(blockCount: 1, roomFor: 1)
            let names = ["\(prefix)\(ended)-1", "\(prefix)\(getpid())-1", "\(prefix)x-1"]
            let arenas = try names.map { try BlockArena(creating: $0, geometry) }
            defer { for arena in arenas { arena.unlink() } }
            BlockArena.removeAbandoned(prefix: prefix)
            #expect(throws: SharedMemoryError.self) { try BlockArena(opening: names[0], geometry) }
            for name in names.dropFirst() { #expect(throws: Never.self) { try BlockArena(opening: name, geometry) } }
        }
    #endif

    @Test("An arena of another size than announced is not opened, and a name is not used twice")
    func wrongSize() throws {
        let geometry = BlockArena.Geometry(blockCount: 2, roomFor: 100)
        let arena = try BlockArena(creating: Self.freshName(), geometry)
        defer { arena.unlink() }
        #expect(throws: SharedMemoryError.self) {
            try BlockArena(opening: arena.name, BlockArena.Geometry(blockCount: 3, roomFor: 100))
        }
        #expect(throws: SharedMemoryError.self) { try BlockArena(creating: arena.name, geometry) }
    }
}
