package import SharedMemory
package import TrainingProtocol

/// One end of the memory by which large frames get from one process of a machine to another: copying them into a socket and out of it again, in the portions that
/// the system's buffers hold, costs several times as much as all the rest of a message.
package struct SharedFrames {
    /// Frames from this size on, in bytes, are worth a block.
    package static let leastSize = 4096
    /// Blocks by which a coordinator sends: the parameters that a worker keeps, what three pieces of work take beside them, and parameters of some jobs, which are made
    /// there before anybody knows who will need them.
    package static let blocksToWorker = TrainingProtocol.keptParameters + blocksForCopies + 6
    /// Of these, blocks that nothing is made in before it is sent.
    private static let blocksForCopies = 6
    /// Blocks by which a worker sends: one for each result that can be on its way, and one for the next.
    package static let blocksToCoordinator = 4

    /// A frame as it travels.
    package enum Part {
        /// With its message.
        case inline(Frame)
        /// In a block of the arena.
        case shared(block: Int, count: Int, ticket: UInt64)
    }

    private let arena: BlockArena
    private let sendBlocks: Range<Int>
    private let receiveBlocks: Range<Int>
    private var lastTicket: UInt64 = 0

    /// An arena's sizes for frames of up to `size` bytes.
    package static func geometry(roomFor size: Int) -> BlockArena.Geometry {
        BlockArena.Geometry(blockCount: blocksToWorker + blocksToCoordinator, roomFor: size)
    }

    /// - Parameters:
    ///   - isCoordinator: whether this end sends by the coordinator's blocks, which come first.
    ///   - blocksToWorker: how many these are.
    package init(_ arena: BlockArena, isCoordinator: Bool, blocksToWorker: Int) {
        self.arena = arena
        let all = (0..<blocksToWorker, blocksToWorker..<arena.geometry.blockCount)
        (sendBlocks, receiveBlocks) = isCoordinator ? all : (all.1, all.0)
        arena.protect(receiveBlocks)
    }

    /// Puts a message's large frames into blocks, as far as there are free ones.
    package mutating func put(_ frames: [Frame]) -> [Part] {
        frames.map { frame in
            guard frame.count >= Self.leastSize, let block = send(frame) else { return .inline(frame) }
            return .shared(block: block, count: frame.count, ticket: lastTicket)
        }
    }

    /// Sends a frame's bytes by a block: the one in which they were made, or else a copy.
    private mutating func send(_ frame: Frame) -> Int? {
        lastTicket += 1
        let draft = frame.owner as? BlockArena.Draft ?? (frame.owner as? Copies)?.draft(in: arena)
        // A part of a frame is another thing.
        if let draft, draft.bytes.count == frame.count, let block = arena.send(draft, ticket: lastTicket) { return block }
        return frame.withUnsafeBytes { arena.put($0, into: sendBlocks, ticket: lastTicket) }
    }

    /// A frame that is made where it will be sent from, if it is large and there is a free block for it.
    package func frame(byteCount: Int, fill: (UnsafeMutableRawBufferPointer) -> Void) -> Frame? {
        guard byteCount >= Self.leastSize, let draft = arena.draft(byteCount: byteCount, in: sendBlocks) else { return nil }
        fill(draft.bytes)
        return Frame(owner: draft, bytes: UnsafeRawBufferPointer(draft.bytes))
    }

    /// A block for a frame that is made before anybody knows whether it will be sent; nil if there are better uses for those that are free.
    func spareDraft(byteCount: Int) -> BlockArena.Draft? {
        byteCount < Self.leastSize ? nil : arena.draft(byteCount: byteCount, in: sendBlocks, leaving: Self.blocksForCopies)
    }

    /// What owns a frame whose bytes are in two arenas.
    final class Copies {
        private let drafts: [BlockArena.Draft]

        init(_ drafts: [BlockArena.Draft]) { self.drafts = drafts }

        func draft(in arena: BlockArena) -> BlockArena.Draft? { drafts.first { $0.arena === arena } }
    }

    /// A message's frames, those in blocks where they are.
    ///
    /// - Returns: nil if a block is none, or means something else: the sender is at fault.
    package func take(_ parts: [Part]) -> [Frame]? {
        var frames: [Frame] = []
        for part in parts {
            switch part {
            case .inline(let frame): frames.append(frame)
            case .shared(let block, let count, let ticket):
                guard let lease = arena.take(block, of: receiveBlocks, count: count, ticket: ticket) else { return nil }
                frames.append(Frame(owner: lease, bytes: lease.bytes))
            }
        }
        return frames
    }
}
