import TrainingProtocol

/// A worker that was taken, as the coordinator sees it.
final class ConnectedWorker {
    let peer: PeerID
    let introduction: WorkerIntroduction
    /// Pieces it holds at most.
    let slots: Int
    /// The pieces it holds, in the order they were sent; at most `slots`.
    var assignments: [Assignment] = []
    /// A piece that it will probably be given next.
    var prepared: PreparedWork?
    /// The parameters it holds, the first received first: the mirror of the worker's own list.
    private var heldParameters: [UInt64] = []
    var lastHeard: Duration
    var lastSent: Duration
    /// Since when it has had nothing to do but the first of its pieces.
    var busySince: Duration
    /// When it first said that it computes nothing, though it has held a piece all the while since.
    private var idleSince: Duration?
    /// How late the first of its pieces is.
    var lateness = Lateness.onTime

    enum Lateness: Int, Comparable {
        case onTime
        /// Its pieces are given to others who have nothing better to do, and it gets no more of them.
        case late
        /// Its pieces go to others first of all.
        case overdue

        static func < (left: Self, right: Self) -> Bool { left.rawValue < right.rawValue }
    }

    init(peer: PeerID, introduction: WorkerIntroduction, slots: Int, now: Duration) {
        self.peer = peer
        self.introduction = introduction
        self.slots = slots
        lastHeard = now
        lastSent = now
        busySince = now
    }

    var name: String { introduction.name }
    var hasRoom: Bool { assignments.count < slots }
    /// Whether it has nothing to do.
    var isIdle: Bool { assignments.isEmpty }
    /// Whether its arithmetic is this program's, so that its results can be compared with others to the bit.
    var isComparable: Bool { introduction.profile == TrainingProtocol.profile }

    /// Whether it is the same process as another worker, maybe over another connection.
    func isSameProcess(as other: ConnectedWorker) -> Bool {
        introduction.processID == other.introduction.processID && introduction.host == other.introduction.host
    }

    func holds(_ open: OpenTask) -> Bool { assignments.contains { $0.open === open } }

    /// Notes that a piece needs some parameters.
    ///
    /// - Returns: Whether they must be sent along.
    func mustReceive(parameters: UInt64) -> Bool {
        if heldParameters.contains(parameters) { return false }
        heldParameters.append(parameters)
        if heldParameters.count > TrainingProtocol.keptParameters { heldParameters.removeFirst() }
        return true
    }

    /// Takes what was prepared for it, if that is this task.
    func takePrepared(_ task: PieceTask, of job: JobRun) -> PreparedWork? {
        guard let work = prepared, work.assignment.open.job === job, work.assignment.open.task == task else { return nil }
        prepared = nil
        return work
    }

    /// Takes note of a heartbeat.
    ///
    /// - Returns: Whether its pieces must have been lost on the way: it has had them for longer than `limit`, and says again that it computes nothing.
    func note(_ progress: WorkerProgress, now: Duration, limit: Duration) -> Bool {
        guard progress.piece == 0, !assignments.isEmpty else {
            idleSince = nil
            return false
        }
        guard let idleSince else {
            self.idleSince = now
            return false
        }
        return now - idleSince >= limit
    }

    /// Gives the worker a piece.
    func give(_ assignment: Assignment, now: Duration) {
        if assignments.isEmpty {
            busySince = now
            idleSince = nil
        }
        assignments.append(assignment)
        lastSent = now
    }

    /// Takes the assignment of that name off the worker, if it has it.
    ///
    /// - Returns: The assignment, and the time since the worker has had nothing else to do; nil if it did not do its pieces in order.
    func takeAssignment(piece: UInt64, now: Duration) -> (assignment: Assignment, time: Duration?)? {
        guard let index = assignments.firstIndex(where: { $0.piece == piece }) else { return nil }
        let time = index == 0 ? now - busySince : nil
        if index == 0 {
            busySince = now
            lateness = .onTime
        }
        idleSince = nil
        return (assignments.remove(at: index), time)
    }
}

/// A piece of work that was given to a worker.
struct Assignment {
    /// Names the assignment within the run.
    let piece: UInt64
    let open: OpenTask
}
