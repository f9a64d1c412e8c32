import SharedMemory
import TrainingProtocol

/// The memory that a worker shares with a coordinator on its machine.
final class WorkerSharing {
    /// Whether memory can be shared, as far as is known.
    private var isPossible: Bool
    /// Whether the next message is the first of a connection, which carries the offer.
    private var isOfferDue = false
    private var frames: SharedFrames?

    /// - Parameter isLocal: whether the coordinator is on this machine for certain.
    init(isLocal: Bool) { isPossible = isLocal }

    /// A connection begins.
    func begin() {
        frames = nil
        isOfferDue = isPossible
    }

    /// A frame to be sent, made where it needs no copy if that can be.
    func frame(byteCount: Int, fill: (UnsafeMutableRawBufferPointer) -> Void) -> Frame {
        frames?.frame(byteCount: byteCount, fill: fill) ?? Frame(byteCount: byteCount, fill: fill)
    }

    /// A message as it is to be sent.
    func sending(_ message: [Frame]) -> [Frame] {
        if isOfferDue {
            isOfferDue = false
            return message + [FrameSharing.Note.offer.frame]
        }
        return frames?.put(message) ?? message
    }

    /// A message as its sender made it; nil if it refers to memory that is used for something else by now, as when it came twice.
    ///
    /// - Throws: `SharedMemoryError` when the coordinator's arena cannot be had. This connection is of no use then; the next one begins without an offer.
    func received(_ message: [Frame]) throws(SharedMemoryError) -> [Frame]? {
        guard isPossible, let note = message.last.flatMap(FrameSharing.Note.init) else { return message }
        let rest = Array(message.dropLast())
        switch note {
        case .terms(let name, let blockCount, let blockSize):
            do throws(SharedMemoryError) {
                let geometry = BlockArena.Geometry(blockCount: blockCount, roomFor: blockSize)
                let arena = try BlockArena(opening: name, geometry)
                // The coordinator does so too once it knows, but may be killed before.
                if name.hasPrefix(FrameSharing.namePrefix) { arena.unlink() }
                frames = SharedFrames(arena, isCoordinator: false)
            } catch {
                isPossible = false
                throw error
            }
            return rest
        case .references(let references): return frames?.take(references, into: rest)
        case .offer: return nil
        }
    }
}
