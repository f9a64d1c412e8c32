package import SharedMemory
package import TrainingProtocol

/// One end of the memory by which messages and their large frames get from one process of a machine to another: copying these into a socket and out of it again, in the portions that
/// the system's buffers hold, costs several times as much as all the rest of a message.
package struct SharedFrames {
    /// Frames from this size on, in bytes, are worth a block.
    package static let leastSize = 4096
    /// Blocks by which a worker sends: one for each result that can be on its way, and one for the next.
    package static let blocksToCoordinator = 4
    /// Bytes of messages that each queue has room for: some pieces of work, and little enough to stay in the caches.
    package static let queueCapacity = 16 << 10
    /// Bytes of them that are kept for the places of messages which go by the socket, 8 each.
    static let queueReserve = 2 << 10

    /// A frame as it travels.
    package enum Part {
        /// With its message.
        case inline(Frame)
        /// In a block.
        case shared(block: Int, count: Int, ticket: UInt64)
        /// As rows of a table that both ends have.
        case rows([UInt32], table: Int)
    }

    private let tables: [RowTable]
    private let outgoing: (store: BlockStore, channel: BlockChannel)
    private let incoming: BlockChannel
    private var lastTicket: UInt64 = 0
    /// The messages themselves.
    let queues: (outgoing: MessageQueue, incoming: MessageQueue)

    /// What stands where in the memory of one line: the states of the common blocks, those of the worker's blocks, the queue to the worker, that to the coordinator, then on whole pages
    /// the worker's blocks.
    package struct Layout: Sendable, Hashable {
        package let commonBlocks: Int
        package let blocks: BlockStore.Geometry
        package let queueCapacity: Int

        /// - Parameters:
        ///   - common: what the coordinator shares with all workers.
        ///   - blocksToCoordinator: the blocks by which the worker sends, as large as the common ones.
        ///   - queueCapacity: bytes of messages that each queue has room for; a multiple of 8.
        package init(
            common: CommonMemory.Layout, blocksToCoordinator: Int = SharedFrames.blocksToCoordinator,
            queueCapacity: Int = SharedFrames.queueCapacity
        ) {
            commonBlocks = common.blocks.blockCount
            blocks = BlockStore.Geometry(blockCount: blocksToCoordinator, roomFor: common.blocks.blockSize)
            self.queueCapacity = queueCapacity
        }

        /// States that different processes change stand in different cache lines.
        fileprivate var statesToCoordinator: Int { wholeLines(BlockChannel.byteCount(blockCount: commonBlocks)) }
        fileprivate var queueToWorker: Int { wholeLines(statesToCoordinator + BlockChannel.byteCount(blockCount: blocks.blockCount)) }
        fileprivate var queueToCoordinator: Int { wholeLines(queueToWorker + MessageQueue.byteCount(capacity: queueCapacity)) }
        fileprivate var blocksOffset: Int { wholePages(queueToCoordinator + MessageQueue.byteCount(capacity: queueCapacity)) }
        package var byteCount: Int { blocksOffset + blocks.byteCount }

        /// The least multiple of a cache line that is no less.
        private func wholeLines(_ byteCount: Int) -> Int { (byteCount + 63) / 64 * 64 }
    }

    /// - Parameters:
    ///   - common: what the coordinator shares with all workers.
    ///   - region: the memory of this line.
    package init(_ common: CommonMemory, _ layout: Layout, in region: SharedRegion, isCoordinator: Bool) {
        tables = common.tables
        let queueToWorker = MessageQueue(capacity: layout.queueCapacity, in: region, at: layout.queueToWorker)
        let queueToCoordinator = MessageQueue(capacity: layout.queueCapacity, in: region, at: layout.queueToCoordinator)
        let results = BlockStore(layout.blocks, in: region, at: layout.blocksOffset)
        let toWorker = BlockChannel(common.blocks, in: region, at: 0)
        let toCoordinator = BlockChannel(results, in: region, at: layout.statesToCoordinator)
        if isCoordinator {
            (outgoing, incoming) = ((common.blocks, toWorker), toCoordinator)
            queues = (queueToWorker, queueToCoordinator)
            region.protect(layout.blocksOffset..<layout.byteCount)
        } else {
            (outgoing, incoming) = ((results, toCoordinator), toWorker)
            queues = (queueToCoordinator, queueToWorker)
        }
    }

    /// Puts a message's large frames where they need not travel, as far as there is room.
    package mutating func put(_ frames: [Frame]) -> [Part] {
        frames.map { frame in
            if let rows = rows(frame) { return rows }
            guard frame.count >= Self.leastSize, let block = send(frame) else { return .inline(frame) }
            return .shared(block: block, count: frame.count, ticket: lastTicket)
        }
    }

    /// A frame of rows as it travels where both ends have the table.
    private func rows(_ frame: Frame) -> Part? {
        guard let rows = frame.rows, let table = tables.firstIndex(where: { $0 === rows.table }) else { return nil }
        return .rows(rows.numbers, table: table)
    }

    /// The block in which a whole frame was made, if it was made in one of this line's.
    private func draft(of frame: Frame) -> BlockStore.Draft? {
        guard let draft = frame.owner as? BlockStore.Draft, draft.bytes.count == frame.count else { return nil }
        return draft
    }

    /// Sends a frame's bytes by a block: the one in which they were made, or else a copy.
    private mutating func send(_ frame: Frame) -> Int? {
        lastTicket += 1
        if let draft = draft(of: frame), let block = outgoing.channel.send(draft, ticket: lastTicket) { return block }
        return frame.withUnsafeBytes { outgoing.channel.send(copying: $0, ticket: lastTicket) }
    }

    /// A block that was promised to the receiver.
    struct Promise {
        fileprivate let draft: BlockStore.Draft
        fileprivate let ticket: UInt64
    }

    /// Puts a message's frames where they can be sent ahead, the last of which may still be written: its block is promised.
    ///
    /// - Returns: nil if that cannot be done: the last frame is in no block that the receiver could have, or one before it is large.
    mutating func promise(_ frames: [Frame]) -> (parts: [Part], promise: Promise)? {
        guard let last = frames.last, let draft = draft(of: last), let block = outgoing.channel.promise(draft) else { return nil }
        var parts: [Part] = []
        for frame in frames.dropLast() {
            guard let part = rows(frame) ?? (frame.count < Self.leastSize ? .inline(frame) : nil) else { return nil }
            parts.append(part)
        }
        lastTicket += 1
        return (parts + [.shared(block: block, count: last.count, ticket: lastTicket)], Promise(draft: draft, ticket: lastTicket))
    }

    /// Hands over what was promised; it must be written now.
    func keep(_ promise: Promise) { _ = outgoing.channel.send(promise.draft, ticket: promise.ticket) }

    /// A frame that is made where it will be sent from, if it is large and there is a free block for it.
    package func draft(byteCount: Int) -> FrameDraft? {
        guard byteCount >= Self.leastSize, let block = outgoing.store.draft(byteCount: byteCount) else { return nil }
        return FrameDraft(owner: block, bytes: block.bytes)
    }

    /// A message's frames, those in blocks where they are.
    ///
    /// - Returns: nil if a block or a row is none, or a block means something else: the sender is at fault.
    package func take(_ parts: [Part]) -> [Frame]? {
        guard let (frames, leases) = expect(parts), leases.allSatisfy({ $0.take() }) else { return nil }
        return frames
    }

    /// A message's frames, and the leases of those in blocks, which are still to be taken.
    ///
    /// - Returns: nil if a block or a row is none.
    func expect(_ parts: [Part]) -> (frames: [Frame], leases: [BlockChannel.Lease])? {
        var (frames, leases): ([Frame], [BlockChannel.Lease]) = ([], [])
        for part in parts {
            switch part {
            case .inline(let frame): frames.append(frame)
            case .shared(let block, let count, let ticket):
                guard let lease = incoming.lease(block, count: count, ticket: ticket) else { return nil }
                leases.append(lease)
                frames.append(Frame(owner: lease, bytes: lease.bytes))
            case .rows(let numbers, let table):
                guard tables.indices.contains(table), numbers.allSatisfy({ $0 < tables[table].count }) else { return nil }
                frames.append(Frame(TableRows(of: tables[table], numbers: numbers)))
            }
        }
        return (frames, leases)
    }
}
