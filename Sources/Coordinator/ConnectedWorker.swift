import TrainingProtocol

/// A worker that was taken, as the coordinator sees it.
final class ConnectedWorker {
    let peer: PeerID
    let introduction: WorkerIntroduction
    /// Pieces it holds at most.
    let slots: Int
    /// The pieces it holds, in the order they were sent; at most `slots`.
    var assignments: [Assignment] = []
    /// The parameters it holds, the first received first: the mirror of the worker's own list.
    private var heldParameters: [UInt64] = []
    var lastHeard: Duration
    var lastSent: Duration
    /// It has sent a result that is not finite, and nobody has confirmed it yet: it gets no work as long as there are others.
    var isSuspect = false

    init(peer: PeerID, introduction: WorkerIntroduction, slots: Int, now: Duration) {
        self.peer = peer
        self.introduction = introduction
        self.slots = slots
        lastHeard = now
        lastSent = now
    }

    var name: String { introduction.name }
    var hasRoom: Bool { assignments.count < slots }

    /// Notes that a piece needs some parameters.
    ///
    /// - Returns: Whether they must be sent along.
    func mustReceive(parameters: UInt64) -> Bool {
        if heldParameters.contains(parameters) { return false }
        heldParameters.append(parameters)
        if heldParameters.count > TrainingProtocol.keptParameters { heldParameters.removeFirst() }
        return true
    }

    /// Takes the assignment of that name off the worker, if it has it.
    func takeAssignment(piece: UInt64) -> Assignment? {
        guard let index = assignments.firstIndex(where: { $0.piece == piece }) else { return nil }
        return assignments.remove(at: index)
    }
}

/// A piece of work that was given to a worker.
struct Assignment {
    /// Names the assignment within the run.
    let piece: UInt64
    let job: JobRun
    let task: PieceTask
    let parametersID: UInt64
    /// The step or batch that the result must name.
    let step: Int
    /// The quanta that the result must name.
    let quanta: Range<Int>
    /// The samples' labels.
    let labels: Frame
}

/// A part of a job that can be given to a worker.
enum PieceTask: Hashable {
    /// Quanta of the job's current mini-batch.
    case training(step: Int, quanta: Range<Int>)
    /// A batch of one of the job's evaluation passes.
    case evaluation(pass: Int, batch: Int)
}

/// Connections that get no answer any more. It forgets the oldest beyond its capacity, so that no number of strangers fills the memory.
struct PeerBlocklist {
    private static let capacity = 4096
    private var peers: Set<PeerID> = []
    private var order: [PeerID] = []
    private var oldest = 0

    func contains(_ peer: PeerID) -> Bool { peers.contains(peer) }

    /// - Returns: False if the peer was in it already.
    @discardableResult
    mutating func insert(_ peer: PeerID) -> Bool {
        guard peers.insert(peer).inserted else { return false }
        if order.count < Self.capacity {
            order.append(peer)
        } else {
            peers.remove(order[oldest])
            order[oldest] = peer
            oldest = (oldest + 1) % Self.capacity
        }
        return true
    }
}
