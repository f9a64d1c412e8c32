import CNNCore
import Coordinator
import SharedMemory
import TrainingProtocol

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// The memory that a coordinator shares with the workers on its machine, one arena a connection.
final class CoordinatorSharing {
    /// A connection whose worker has offered to share memory.
    private final class Partner {
        /// This end of the arena, once there is one.
        var frames: SharedFrames?
        /// The arena's name is taken away as soon as the worker has it open, so that none is left behind.
        var isLinked = false

        func unlink() {
            if isLinked { frames?.arena.unlink() }
            isLinked = false
        }

        deinit { unlink() }
    }

    private let geometry: BlockArena.Geometry
    private var partners: [PeerID: Partner] = [:]

    /// - Parameter jobs: what there is to train; a block has room for each of their tensors.
    init(jobs: [TrainingJob]) {
        let sizes = jobs.map { job in
            let model = job.model
            return max(
                model.parameterCount * MemoryLayout<Float>.size, max(job.batchSize, job.evaluationBatchSize) * model.height * model.width)
        }
        geometry = BlockArena.Geometry(
            blockCount: FrameSharing.blocksToWorker + FrameSharing.blocksToCoordinator, roomFor: sizes.max() ?? 0)
        BlockArena.removeAbandoned(prefix: FrameSharing.namePrefix)
    }

    /// A message as its sender made it; nil if it refers to memory that it has no right to, or had.
    func received(_ frames: [Frame], from peer: PeerID) -> [Frame]? {
        guard let note = frames.last.flatMap(FrameSharing.Note.init) else { return frames }
        let message = Array(frames.dropLast())
        switch note {
        case .offer:
            partners[peer] = Partner()
            return message
        case .references(let references):
            guard let partner = partners[peer], let shared = partner.frames else { return nil }
            partner.unlink()
            return shared.take(references, into: message)
        case .terms: return nil
        }
    }

    /// A message as it is to be sent.
    ///
    /// - Parameter isWorker: whether the peer has been taken as a worker; strangers get no memory.
    func sending(_ frames: [Frame], to peer: PeerID, isWorker: Bool) -> [Frame] {
        guard isWorker, let partner = partners[peer] else { return frames }
        if let message = partner.frames?.put(frames) { return message }
        guard let arena = makeArena() else {
            partners[peer] = nil
            return frames
        }
        partner.isLinked = true
        partner.frames = SharedFrames(arena, isCoordinator: true)
        let terms = FrameSharing.Note.terms(name: arena.name, blockCount: geometry.blockCount, blockSize: geometry.blockSize)
        return frames + [terms.frame]
    }

    /// Gives up the memory shared with connections that are over.
    func forgetAll(where isOver: (PeerID) -> Bool) {
        if partners.keys.contains(where: isOver) { partners = partners.filter { !isOver($0.key) } }
    }

    /// An arena, if the machine has memory for one; all goes without, too.
    private func makeArena() -> BlockArena? {
        try? BlockArena(creating: "\(FrameSharing.namePrefix)\(getpid())-\(String(UInt32.random(in: .min ... .max), radix: 16))", geometry)
    }
}
