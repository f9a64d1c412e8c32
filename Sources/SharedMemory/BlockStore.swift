import CSharedMemory

/// Blocks of one size in shared memory, by which tensors get from one process to others without a socket.
///
/// One process fills them. It hands a block over to any number of receivers, to each by a ``BlockChannel``, and may fill it anew once all of them have done with it, and it itself has too.
package final class BlockStore: @unchecked Sendable {
    /// Sizes of a store.
    package struct Geometry: Sendable, Hashable {
        package let blockCount: Int
        /// In bytes; a multiple of a page.
        package let blockSize: Int

        /// - Parameter blockSize: the bytes that a block must have room for.
        package init(blockCount: Int, roomFor blockSize: Int) {
            self.blockCount = blockCount
            self.blockSize = wholePages(max(1, blockSize))
        }

        package var byteCount: Int { blockCount * blockSize }
    }

    package let geometry: Geometry
    private let region: SharedRegion
    /// Where in the region the first block stands.
    private let offset: Int
    /// For each block, whether a draft holds it; this process's own.
    private let holds: UnsafeMutablePointer<UInt64>
    /// For each channel the states of all blocks.
    private var states: [UnsafeMutablePointer<UInt64>] = []

    /// Blocks that stand in a region from `offset` on.
    package init(_ geometry: Geometry, in region: SharedRegion, at offset: Int) {
        precondition(offset >= 0 && offset + geometry.byteCount <= region.bytes.count, "blocks outside their region")
        self.geometry = geometry
        self.region = region
        self.offset = offset
        holds = UnsafeMutablePointer<UInt64>.allocate(capacity: geometry.blockCount)
        holds.initialize(repeating: 0, count: geometry.blockCount)
    }

    deinit { holds.deallocate() }

    func bytes(of block: Int, count: Int) -> UnsafeMutableRawBufferPointer {
        let start = offset + block * geometry.blockSize
        return UnsafeMutableRawBufferPointer(rebasing: region.bytes[start..<start + count])
    }

    /// Has the blocks kept that a receiver has, by their states, until it has done with them.
    func addReceiver(_ states: UnsafeMutablePointer<UInt64>) { self.states.append(states) }

    /// Forgets a receiver, and what it has.
    func removeReceiver(_ states: UnsafeMutablePointer<UInt64>) { self.states.removeAll { $0 == states } }

    /// A block that its sender fills in place, sends as often as it likes, and reads itself. It is free again when the draft has gone and all receivers have done with it.
    package final class Draft: @unchecked Sendable {
        /// What there is to fill, before it is sent. Page-aligned.
        package let bytes: UnsafeMutableRawBufferPointer
        let store: BlockStore
        let block: Int

        fileprivate init(_ store: BlockStore, _ block: Int, count: Int) {
            self.store = store
            self.block = block
            bytes = store.bytes(of: block, count: count)
        }

        deinit { shared_store(store.holds + block, 0) }
    }

    /// Whether a block is there to be filled.
    private func isFree(_ block: Int) -> Bool {
        shared_load(holds + block) == 0 && states.allSatisfy { shared_load($0 + block) == 0 }
    }

    /// Sets the first free block aside.
    ///
    /// - Parameter rest: how many free ones must be left.
    /// - Returns: nil if too few are free, or none is so large.
    package func draft(byteCount: Int, leaving rest: Int = 0) -> Draft? {
        guard byteCount <= geometry.blockSize, let block = (0..<geometry.blockCount).first(where: isFree) else { return nil }
        if rest > 0 {
            var others = 0
            for other in block + 1..<geometry.blockCount where others < rest && isFree(other) { others += 1 }
            if others < rest { return nil }
        }
        shared_store(holds + block, 1)
        return Draft(self, block, count: byteCount)
    }
}

/// The least multiple of a page that is no less; the same number in every process.
package func wholePages(_ byteCount: Int) -> Int { (byteCount + 4095) / 4096 * 4096 }
