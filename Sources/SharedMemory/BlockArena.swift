import CSharedMemory

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// Memory that two processes of one machine see, cut into blocks of one size by which tensors get from one to the other without a socket.
///
/// A block is its sender's to fill while its state is 0 and no draft holds it. The sender fills it and gives it a ticket, a number that it never uses again, which it tells the receiver by a
/// message; the receiver takes the block by that ticket, once, and frees it when it has done. So a message that is lost costs a block, and one that
/// comes twice or late finds that its ticket does not fit: nobody ever reads a block that means something else.
package final class BlockArena: @unchecked Sendable {
    /// Sizes of an arena. Blocks are numbered; each process sends by a range of its own.
    package struct Geometry: Sendable, Hashable {
        package let blockCount: Int
        /// In bytes; a multiple of a page.
        package let blockSize: Int

        /// - Parameter blockSize: the bytes that a block must have room for.
        package init(blockCount: Int, roomFor blockSize: Int) {
            self.blockCount = blockCount
            self.blockSize = max(1, (blockSize + 4095) / 4096) * 4096
        }

        /// Bytes of the states, which stand before the blocks, each in a cache line of its own.
        fileprivate var stateBytes: Int { (blockCount * 64 + 4095) / 4096 * 4096 }
        fileprivate var byteCount: Int { stateBytes + blockCount * blockSize }
    }

    package let geometry: Geometry
    private let memory: UnsafeMutableRawPointer
    /// For each block, whether a draft holds it; this process's own.
    private let holds: UnsafeMutablePointer<UInt64>

    /// Makes an arena that has no name, so that nothing is left behind however the processes end.
    ///
    /// - Parameter share: Called with a file descriptor by which another process can have the arena too; it is closed afterwards.
    /// - Throws: ``SharedMemoryError`` where the system has no memory left, or none that can be shared so.
    package init(_ geometry: Geometry, share: (Int32) -> Void) throws(SharedMemoryError) {
        self.geometry = geometry
        let descriptor = shared_memory_create(geometry.byteCount)
        guard descriptor >= 0 else { throw SharedMemoryError("making") }
        defer { close(descriptor) }
        memory = try Self.map(descriptor, geometry)
        holds = Self.noHolds(geometry)
        share(descriptor)
    }

    /// Opens an arena that another process has made.
    ///
    /// - Parameter descriptor: the arena as its maker has shared it; not closed here.
    /// - Throws: ``SharedMemoryError`` where it is no memory of that size.
    package init(sharedAs descriptor: Int32, _ geometry: Geometry) throws(SharedMemoryError) {
        self.geometry = geometry
        var status = stat()
        guard fstat(descriptor, &status) == 0, Int(status.st_size) == geometry.byteCount else {
            errno = EINVAL
            throw SharedMemoryError("opening")
        }
        memory = try Self.map(descriptor, geometry)
        holds = Self.noHolds(geometry)
    }

    private static func noHolds(_ geometry: Geometry) -> UnsafeMutablePointer<UInt64> {
        let holds = UnsafeMutablePointer<UInt64>.allocate(capacity: geometry.blockCount)
        holds.initialize(repeating: 0, count: geometry.blockCount)
        return holds
    }

    deinit {
        munmap(memory, geometry.byteCount)
        holds.deallocate()
    }

    private static func map(_ descriptor: Int32, _ geometry: Geometry) throws(SharedMemoryError) -> UnsafeMutableRawPointer {
        #if os(Linux)
            // All of it counts as this process's memory from now on, used or not: the process does not grow as it works.
            let flags = MAP_SHARED | MAP_POPULATE
        #else
            let flags = MAP_SHARED
        #endif
        let memory = mmap(nil, geometry.byteCount, PROT_READ | PROT_WRITE, flags, descriptor, 0)
        guard let memory, memory != MAP_FAILED else { throw SharedMemoryError("mapping") }
        return memory
    }

    /// Lets this process only read some blocks, those that the other process sends by: whoever writes there by mistake ends at once, and nothing that the other process relies on
    /// has changed.
    package func protect(_ blocks: Range<Int>) {
        let page = sysconf(Int32(_SC_PAGESIZE))
        let first = (geometry.stateBytes + blocks.lowerBound * geometry.blockSize + page - 1) / page * page
        let end = (geometry.stateBytes + blocks.upperBound * geometry.blockSize) / page * page
        // Nothing depends on it.
        if first < end { mprotect(memory + first, end - first, PROT_READ) }
    }

    private func state(of block: Int) -> UnsafeMutablePointer<UInt64> { (memory + block * 64).assumingMemoryBound(to: UInt64.self) }

    private func bytes(of block: Int, count: Int) -> UnsafeMutableRawBufferPointer {
        UnsafeMutableRawBufferPointer(start: memory + geometry.stateBytes + block * geometry.blockSize, count: count)
    }

    // MARK: Sending

    /// A block that its sender fills in place, sends as often as it likes, and reads itself. It is free again when the draft has gone and the receiver has done with it.
    package final class Draft: @unchecked Sendable {
        /// What there is to fill, before it is sent. Page-aligned.
        package let bytes: UnsafeMutableRawBufferPointer
        package let arena: BlockArena
        fileprivate let block: Int

        fileprivate init(_ arena: BlockArena, _ block: Int, count: Int) {
            self.arena = arena
            self.block = block
            bytes = arena.bytes(of: block, count: count)
        }

        deinit { shared_store(arena.holds + block, 0) }
    }

    /// Whether a block is its sender's to fill.
    private func isFree(_ block: Int) -> Bool { shared_load(state(of: block)) == 0 && shared_load(holds + block) == 0 }

    /// Sets a free block aside.
    ///
    /// - Parameters:
    ///   - blocks: the sender's own.
    ///   - rest: how many must be left.
    /// - Returns: nil if too few are free, or none is so large.
    package func draft(byteCount: Int, in blocks: Range<Int>, leaving rest: Int = 0) -> Draft? {
        guard byteCount <= geometry.blockSize, let block = blocks.first(where: isFree) else { return nil }
        if rest > 0 {
            var others = 0
            for other in block + 1..<blocks.upperBound where others < rest && isFree(other) { others += 1 }
            if others < rest { return nil }
        }
        shared_store(holds + block, 1)
        return Draft(self, block, count: byteCount)
    }

    /// Hands a draft of this arena's over to the receiver.
    ///
    /// - Parameter ticket: more than 0, less than 2⁶³, never used before.
    /// - Returns: its block; nil if the draft is another arena's, or the receiver has it still.
    package func send(_ draft: Draft, ticket: UInt64) -> Int? {
        guard draft.arena === self, shared_load(state(of: draft.block)) == 0 else { return nil }
        shared_store(state(of: draft.block), ticket << 1)
        return draft.block
    }

    /// Puts bytes into a free block.
    ///
    /// - Parameters:
    ///   - bytes: no more than a block holds.
    ///   - blocks: the sender's own.
    ///   - ticket: more than 0, less than 2⁶³, never used before.
    /// - Returns: The block, or nil if none is free.
    package func put(_ bytes: UnsafeRawBufferPointer, into blocks: Range<Int>, ticket: UInt64) -> Int? {
        guard let draft = draft(byteCount: bytes.count, in: blocks) else { return nil }
        draft.bytes.copyMemory(from: bytes)
        return send(draft, ticket: ticket)
    }

    // MARK: Receiving

    /// Takes the block that the sender has filled under a ticket; nil if its state says something else, or if block or length are none.
    ///
    /// - Parameter blocks: the sender's.
    package func take(_ block: Int, of blocks: Range<Int>, count: Int, ticket: UInt64) -> Lease? {
        guard ticket > 0, blocks.contains(block), (0...geometry.blockSize).contains(count),
            shared_load(state(of: block)) == ticket << 1
        else { return nil }
        shared_store(state(of: block), ticket << 1 | 1)
        return Lease(self, block, bytes: UnsafeRawBufferPointer(bytes(of: block, count: count)))
    }

    /// A block that was taken; it is free again when the lease is.
    package final class Lease: @unchecked Sendable {
        /// What the sender put there. Page-aligned.
        package let bytes: UnsafeRawBufferPointer
        private let arena: BlockArena
        private let block: Int

        fileprivate init(_ arena: BlockArena, _ block: Int, bytes: UnsafeRawBufferPointer) {
            self.arena = arena
            self.block = block
            self.bytes = bytes
        }

        deinit { shared_store(arena.state(of: block), 0) }
    }
}

/// Shared memory that cannot be had.
package struct SharedMemoryError: Error, Hashable, CustomStringConvertible {
    package let description: String

    fileprivate init(_ action: String) {
        description = "\(action) shared memory failed: \(String(cString: strerror(errno)))"
    }
}
