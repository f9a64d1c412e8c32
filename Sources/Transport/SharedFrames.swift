package import SharedMemory
package import TrainingProtocol

/// Tensors of messages between processes of one machine go through shared memory: copying them into a socket and out of it again, in the portions that the
/// system's buffers hold, costs several times as much as all the rest of the message.
///
/// It is the transport's business alone. A worker on an ipc endpoint adds an offer to its HELLO, as the last frame before the check; the coordinator adds its terms to
/// the first message back. From then on either side may put a frame into a block of the arena: the frame travels empty, and a last frame of references says where
/// its bytes are. What the state machines send and get is the same with and without.
package enum FrameSharing {
    /// How the names of arenas begin; the id of the coordinator's process follows.
    static let namePrefix = "/minishard-"
    /// Frames from this size on, in bytes, are worth a block.
    static let leastSize = 4096
    /// Blocks by which the coordinator sends: the parameters that a worker keeps, and what two pieces of work take beside them.
    package static let blocksToWorker = TrainingProtocol.keptParameters + 8
    /// Blocks by which a worker sends.
    package static let blocksToCoordinator = 4

    /// Where a frame's bytes are.
    package struct Reference: Hashable {
        /// The frame's index in the message.
        package let frame: Int
        package let block: Int
        package let count: Int
        package let ticket: UInt64

        package init(frame: Int, block: Int, count: Int, ticket: UInt64) {
            self.frame = frame
            self.block = block
            self.count = count
            self.ticket = ticket
        }
    }

    /// What a last frame of the transport's says.
    package enum Note: Hashable {
        /// The sender can share memory.
        case offer
        /// The arena to use from now on.
        case terms(name: String, blockCount: Int, blockSize: Int)
        case references([Reference])
    }
}

/// One end of an arena.
package struct SharedFrames {
    let arena: BlockArena
    private let sendBlocks: Range<Int>
    private let receiveBlocks: Range<Int>
    private var lastTicket: UInt64 = 0

    /// - Parameter isCoordinator: whether this end sends by the coordinator's blocks, which come first.
    package init(_ arena: BlockArena, isCoordinator: Bool) {
        self.arena = arena
        let all = (0..<FrameSharing.blocksToWorker, FrameSharing.blocksToWorker..<arena.geometry.blockCount)
        (sendBlocks, receiveBlocks) = isCoordinator ? all : (all.1, all.0)
    }

    /// Puts the message's large frames into blocks as far as there are free ones.
    package mutating func put(_ frames: [Frame]) -> [Frame] {
        var frames = frames
        var references: [FrameSharing.Reference] = []
        for (index, frame) in frames.enumerated() where frame.count >= FrameSharing.leastSize {
            guard let block = send(frame) else { continue }
            references.append(.init(frame: index, block: block, count: frame.count, ticket: lastTicket))
            frames[index] = Frame(bytes: [])
        }
        return references.isEmpty ? frames : frames + [FrameSharing.Note.references(references).frame]
    }

    /// Sends a frame's bytes by a block: the one in which they were made, or else a copy.
    private mutating func send(_ frame: Frame) -> Int? {
        lastTicket += 1
        if let draft = frame.owner as? BlockArena.Draft, let block = arena.send(draft, ticket: lastTicket) { return block }
        return frame.withUnsafeBytes { arena.put($0, into: sendBlocks, ticket: lastTicket) }
    }

    /// A frame that is made where it will be sent from, if it is large and there is a free block for it.
    func frame(byteCount: Int, fill: (UnsafeMutableRawBufferPointer) -> Void) -> Frame? {
        guard byteCount >= FrameSharing.leastSize, let draft = arena.draft(byteCount: byteCount, in: sendBlocks) else { return nil }
        fill(draft.bytes)
        return Frame(owner: draft, bytes: UnsafeRawBufferPointer(draft.bytes))
    }

    /// Puts the bytes of shared frames back into their message.
    ///
    /// - Parameter frames: the message without its note.
    /// - Returns: nil if a reference is none: a message that came twice, or whose sender is at fault.
    package func take(_ references: [FrameSharing.Reference], into frames: [Frame]) -> [Frame]? {
        var frames = frames
        for reference in references {
            guard frames.indices.contains(reference.frame),
                let lease = arena.take(reference.block, of: receiveBlocks, count: reference.count, ticket: reference.ticket)
            else { return nil }
            frames[reference.frame] = Frame(owner: lease, bytes: lease.bytes)
        }
        return frames
    }
}

extension FrameSharing.Note {
    /// The bytes that every note begins with; no other last frame of a message does: as labels they would name classes beyond a small network's, and tensors are
    /// longer or of another length.
    private static let magic: [UInt8] = Array("\u{1}MINISHARD-SHARED\u{1}".utf8)
    private static let longestName = 255
    /// What an arena may have, so that a damaged message asks for nothing absurd: blocks for both directions, and bytes a block.
    private static let blockCounts = UInt64(FrameSharing.blocksToWorker + 1)...1024
    private static let largestBlock: UInt64 = 1 << 30

    /// The note as a frame: magic, kind, then numbers as little-endian 64-bit integers.
    package var frame: Frame {
        var bytes = Self.magic
        func put(_ value: UInt64) { bytes += (0..<8).map { UInt8(truncatingIfNeeded: value >> (8 * $0)) } }
        switch self {
        case .offer: put(1)
        case .terms(let name, let blockCount, let blockSize):
            put(2)
            put(UInt64(blockCount))
            put(UInt64(blockSize))
            bytes += Array(name.utf8)
        case .references(let references):
            put(3)
            for reference in references {
                put(UInt64(reference.frame))
                put(UInt64(reference.block))
                put(UInt64(reference.count))
                put(reference.ticket)
            }
        }
        return Frame(bytes: bytes)
    }

    /// Reads a note; nil for what is none.
    package init?(_ frame: Frame) {
        guard frame.count >= Self.magic.count + 8, frame.count < FrameSharing.leastSize,
            frame.withUnsafeBytes({ $0.starts(with: Self.magic) })
        else { return nil }
        var rest = frame.bytes()[Self.magic.count...]
        func number() -> UInt64? {
            guard rest.count >= 8 else { return nil }
            defer { rest = rest.dropFirst(8) }
            return rest.prefix(8).reversed().reduce(0) { $0 << 8 | UInt64($1) }
        }
        switch number() {
        case 1 where rest.isEmpty: self = .offer
        case 2:
            guard let blockCount = number(), let blockSize = number(), Self.blockCounts.contains(blockCount),
                blockSize <= Self.largestBlock, (1...Self.longestName).contains(rest.count)
            else { return nil }
            self = .terms(name: String(decoding: rest, as: UTF8.self), blockCount: Int(blockCount), blockSize: Int(blockSize))
        case 3 where rest.count % 32 == 0:
            var references: [FrameSharing.Reference] = []
            while let frame = number(), let block = number(), let count = number(), let ticket = number() {
                guard let frame = Int(exactly: frame), let block = Int(exactly: block), let count = Int(exactly: count), ticket < 1 << 63
                else {
                    return nil
                }
                references.append(.init(frame: frame, block: block, count: count, ticket: ticket))
            }
            self = .references(references)
        default: return nil
        }
    }
}
