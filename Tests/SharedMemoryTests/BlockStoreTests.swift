import Testing

@testable import SharedMemory

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

struct BlockStoreTests {
    /// A sender's blocks and some receivers' channels, both ends of each, as different processes have them.
    private struct Ends {
        let store: BlockStore
        var outgoing: [BlockChannel] = []
        var incoming: [BlockChannel] = []

        init(blockCount: Int = 4, roomFor size: Int = 5000, receivers: Int = 1) throws {
            let geometry = BlockStore.Geometry(blockCount: blockCount, roomFor: size)
            let blocks = try MappedTwice(byteCount: geometry.byteCount)
            store = BlockStore(geometry, in: blocks.made, at: 0)
            for _ in 0..<receivers {
                let states = try MappedTwice(byteCount: 4096)
                outgoing.append(BlockChannel(store, in: states.made, at: 64))
                let theirs = BlockStore(geometry, in: blocks.opened, at: 0)
                incoming.append(BlockChannel(theirs, in: states.opened, at: 64))
            }
        }

        func send(_ bytes: [UInt8], to receiver: Int = 0, ticket: UInt64) -> Int? {
            bytes.withUnsafeBytes { outgoing[receiver].send(copying: $0, ticket: ticket) }
        }

        func take(_ block: Int, count: Int, ticket: UInt64, at receiver: Int = 0) -> BlockChannel.Lease? {
            guard let lease = incoming[receiver].lease(block, count: count, ticket: ticket), lease.take() else { return nil }
            return lease
        }
    }

    @Test("Bytes that one end puts into a block are what the other one takes out of it")
    func roundTrip() throws {
        let ends = try Ends()
        for (number, count) in [0, 1, 4096, 5000, 8192].enumerated() {
            let bytes = (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 7 &+ number) }
            let block = try #require(ends.send(bytes, ticket: UInt64(number + 1)))
            let lease = try #require(ends.take(block, count: count, ticket: UInt64(number + 1)))
            #expect([UInt8](lease.bytes) == bytes)
        }
    }

    @Test("A block is taken once, by its own ticket, and is free again when the lease is")
    func tickets() throws {
        let ends = try Ends(blockCount: 1)
        #expect(ends.take(0, count: 3, ticket: 0) == nil)
        #expect(ends.send([1, 2, 3], ticket: 5) == 0)
        #expect(ends.send([4], ticket: 6) == nil)
        #expect(ends.take(0, count: 3, ticket: 4) == nil)
        do {
            let lease = try #require(ends.take(0, count: 3, ticket: 5))
            #expect(ends.take(0, count: 3, ticket: 5) == nil)
            #expect(ends.send([4], ticket: 6) == nil)
            #expect([UInt8](lease.bytes) == [1, 2, 3])
        }
        #expect(ends.take(0, count: 3, ticket: 5) == nil)
        #expect(ends.send([4], ticket: 6) == 0)
    }

    @Test("A lease that was made before the block was sent takes it afterwards, once, and costs nothing if it never does")
    func laterLease() throws {
        let ends = try Ends(blockCount: 1)
        do {
            let lease = try #require(ends.incoming[0].lease(0, count: 3, ticket: 5))
            let other = try #require(ends.incoming[0].lease(0, count: 3, ticket: 4))
            #expect(!lease.take())
            #expect(ends.send([1, 2, 3], ticket: 5) == 0)
            #expect(!other.take())
            #expect(lease.take())
            #expect(!lease.take())
            #expect([UInt8](lease.bytes) == [1, 2, 3])
            #expect(ends.send([4], ticket: 6) == nil)
        }
        #expect(ends.send([4], ticket: 6) == 0)
        do { #expect(ends.incoming[0].lease(0, count: 1, ticket: 9)?.take() == false) }
        #expect(ends.take(0, count: 1, ticket: 6) != nil)
    }

    @Test("A draft is filled where it is sent from, and given back if it is not sent")
    func drafts() throws {
        let ends = try Ends(blockCount: 1)
        do {
            let draft = try #require(ends.store.draft(byteCount: 3))
            #expect(ends.store.draft(byteCount: 3) == nil)
            for ticket in 0..<UInt64(3) { #expect(ends.take(0, count: 3, ticket: ticket) == nil) }
            draft.bytes.copyBytes(from: [7, 8, 9])
        }
        let draft = try #require(ends.store.draft(byteCount: 3))
        draft.bytes.copyBytes(from: [1, 2, 3])
        #expect(ends.outgoing[0].send(draft, ticket: 4) == 0)
        #expect(ends.outgoing[0].send(draft, ticket: 5) == nil)
        #expect(ends.take(0, count: 3, ticket: 4).map { [UInt8]($0.bytes) } == [1, 2, 3])
        // The receiver has done with it, the sender has not.
        #expect(ends.store.draft(byteCount: 3) == nil)
        #expect(ends.send([9], ticket: 6) == nil)
        #expect(ends.outgoing[0].send(draft, ticket: 7) == 0)
        #expect(ends.take(0, count: 3, ticket: 7).map { [UInt8]($0.bytes) } == [1, 2, 3])
        #expect(ends.store.draft(byteCount: 8193) == nil)
        let foreign = try #require(try Ends(blockCount: 1).store.draft(byteCount: 1))
        #expect(ends.outgoing[0].send(foreign, ticket: 8) == nil)
    }

    @Test("A block that was sent to two is free when all three have done with it, in whatever order", arguments: 0..<3)
    func allHaveDone(last: Int) throws {
        let ends = try Ends(blockCount: 1, receivers: 2)
        var draft = ends.store.draft(byteCount: 1)
        var leases: [BlockChannel.Lease?] = []
        for receiver in 0..<2 {
            #expect(ends.outgoing[receiver].send(try #require(draft), ticket: 1) == 0)
            leases.append(ends.take(0, count: 1, ticket: 1, at: receiver))
            #expect(leases.last != nil)
        }
        for holder in 1...3 {
            #expect(ends.store.draft(byteCount: 1) == nil)
            switch (last + holder) % 3 {
            case 0: draft = nil
            case let receiver: leases[receiver - 1] = nil
            }
        }
        #expect(ends.store.draft(byteCount: 1) != nil)
    }

    @Test("What a receiver had is free once its channel is gone")
    func goneReceiver() throws {
        var ends = try Ends(blockCount: 1, receivers: 2)
        #expect(ends.send([1], to: 1, ticket: 1) == 0)
        let lease = ends.take(0, count: 1, ticket: 1, at: 1)
        #expect(lease != nil)
        #expect(ends.send([2], ticket: 1) == nil)
        ends.outgoing.removeLast()
        #expect(ends.send([2], ticket: 1) == 0)
    }

    @Test("A draft can leave others a rest")
    func rest() throws {
        let ends = try Ends(blockCount: 4)
        #expect(ends.store.draft(byteCount: 1, leaving: 4) == nil)
        let drafts = (0..<4).map { _ in ends.store.draft(byteCount: 1, leaving: 2) }
        #expect(drafts.map { $0 != nil } == [true, true, false, false])
        #expect(ends.send([1], ticket: 1) != nil)
    }

    @Test("What is outside the blocks is not to be had")
    func bounds() throws {
        let ends = try Ends()
        #expect(ends.send([UInt8](repeating: 0, count: 8193), ticket: 1) == nil)
        #expect(ends.send([1], ticket: 2) == 0)
        for (block, count) in [(-1, 1), (4, 1), (0, 8193), (0, -1), (Int.max, 1), (0, Int.max), (1, 1)] {
            #expect(ends.take(block, count: count, ticket: 2) == nil)
        }
        #expect(ends.take(0, count: 1, ticket: 2) != nil)
    }
}
