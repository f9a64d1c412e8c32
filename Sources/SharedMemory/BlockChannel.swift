import CSharedMemory

/// What one receiver has of the blocks of a store: a state for each, which sender and receiver see.
///
/// A block that is sent gets a ticket, a number that its sender never uses again on this channel, and tells the receiver by a message; the receiver takes the block by that
/// ticket, once, and gives it back when it has done. So a message that is lost costs a block, and one that comes twice or late finds that its ticket does not fit: nobody ever
/// reads a block that means something else.
package final class BlockChannel: @unchecked Sendable {
    private let store: BlockStore
    private let region: SharedRegion
    /// One state a block: 0 if the receiver has nothing to do with it; twice a ticket if it was sent by that; one more once the receiver has taken it.
    private let states: UnsafeMutablePointer<UInt64>

    /// Bytes of the states of `blockCount` blocks.
    package static func byteCount(blockCount: Int) -> Int { blockCount * MemoryLayout<UInt64>.size }

    /// A channel whose states stand in a region from `offset`, a multiple of 8, on.
    package init(_ store: BlockStore, in region: SharedRegion, at offset: Int) {
        let size = Self.byteCount(blockCount: store.geometry.blockCount)
        precondition(offset >= 0 && offset % 8 == 0 && offset + size <= region.bytes.count, "states outside their region")
        self.store = store
        self.region = region
        states = UnsafeMutableRawBufferPointer(rebasing: region.bytes[offset..<offset + size]).bindMemory(to: UInt64.self).baseAddress!
        store.addReceiver(states)
    }

    deinit { store.removeReceiver(states) }

    // MARK: Sending

    /// Hands a draft over to the receiver.
    ///
    /// - Parameter ticket: more than 0, less than 2⁶³, never used before.
    /// - Returns: its block; nil if the draft is another store's, or the receiver has it still.
    package func send(_ draft: BlockStore.Draft, ticket: UInt64) -> Int? {
        guard let block = promise(draft) else { return nil }
        shared_store(states + block, ticket << 1)
        return block
    }

    /// The block of a draft that can be handed over later; nil if it is another store's, or the receiver has it already.
    package func promise(_ draft: BlockStore.Draft) -> Int? {
        draft.store === store && shared_load(states + draft.block) == 0 ? draft.block : nil
    }

    /// Sends bytes by a free block.
    ///
    /// - Returns: the block; nil if none is free, or so large.
    package func send(copying bytes: UnsafeRawBufferPointer, ticket: UInt64) -> Int? {
        guard let draft = store.draft(byteCount: bytes.count) else { return nil }
        draft.bytes.copyMemory(from: bytes)
        return send(draft, ticket: ticket)
    }

    // MARK: Receiving

    /// A block that the sender fills under a ticket, maybe later; nil if block or length are none.
    package func lease(_ block: Int, count: Int, ticket: UInt64) -> Lease? {
        guard ticket > 0, (0..<store.geometry.blockCount).contains(block), (0...store.geometry.blockSize).contains(count) else {
            return nil
        }
        return Lease(self, block, ticket: ticket, bytes: UnsafeRawBufferPointer(store.bytes(of: block, count: count)))
    }

    /// A block that is taken, or will be; it is given back when the lease goes.
    package final class Lease: @unchecked Sendable {
        /// What the sender has put there, once the block is taken. Page-aligned.
        package let bytes: UnsafeRawBufferPointer
        private let channel: BlockChannel
        private let block: Int
        private let ticket: UInt64
        private var isTaken = false

        fileprivate init(_ channel: BlockChannel, _ block: Int, ticket: UInt64, bytes: UnsafeRawBufferPointer) {
            self.channel = channel
            self.block = block
            self.ticket = ticket
            self.bytes = bytes
        }

        /// Takes the block, once.
        ///
        /// - Returns: Whether the sender has filled it under this ticket, and nobody has taken it.
        package func take() -> Bool {
            guard shared_load(channel.states + block) == ticket << 1 else { return false }
            shared_store(channel.states + block, ticket << 1 | 1)
            isTaken = true
            return true
        }

        deinit { if isTaken { shared_store(channel.states + block, 0) } }
    }
}
