/// What one seed stands for: who takes part, and what may go wrong.
struct Schedule {
    /// Which of the studies is trained.
    let study: Int
    /// Workers at the beginning.
    let workers: Int
    let auditShare: Double
    /// Time between two checkpoints, in microseconds; nil for none, so that a coordinator which dies has everything done again.
    let checkpointInterval: Int?
    /// The most that a message takes on its way, in microseconds.
    let latency: Int
    /// Mean time between two faults, in microseconds.
    let faultInterval: Int
    /// When the faults stop, in microseconds.
    let faultsEnd: Int
    /// The kinds of faults that happen.
    let kinds: [Fault]

    /// Something that goes wrong.
    enum Fault: String, CaseIterable {
        /// A worker's process dies; another comes after a while.
        case killWorker
        /// Another worker comes.
        case startWorker
        /// A worker stands still for a while, as by SIGSTOP.
        case hangWorker
        /// The coordinator stands still for a while.
        case hangCoordinator
        /// The coordinator's process dies, with its machine or without; another takes up the run.
        case killCoordinator
        /// One of the next operations on the coordinator's disk fails.
        case failDisk
        /// The coordinator's machine goes down in one of the next operations on its disk.
        case crashDisk
        /// A connection breaks, and all that is on its way is lost; it comes back by itself after a while.
        case breakConnection
        /// Nothing goes through a connection for a while, in one direction or both; then it arrives after all, or is lost.
        case partition
        /// A single message is lost.
        case drop
        /// A message arrives twice.
        case duplicate
        /// Two messages change places.
        case reorder
        /// A message from long ago, maybe of another connection, arrives once more.
        case replay
        /// Bytes that nobody sent arrive, from strangers.
        case garbage
        /// A machine's clock is ahead by a leap, as after a suspension.
        case leapClock
        /// A worker begins to send what is no result: NaN, wrong sizes, wrong names.
        case sendRubbish
        /// A worker begins to send wrong numbers now and then. Only where every piece is audited.
        case lie
        /// A bit of a message is changed on its way.
        case garble
    }

    init(_ chance: inout Chance, studies: Int) {
        study = chance.draw(0...studies - 1)
        workers = chance.draw(1...4)
        auditShare = [0, 0.25, 1][chance.draw(0...2)]
        checkpointInterval = chance.happens(onceIn: 8) ? nil : chance.drawScale(0...100_000)
        latency = chance.pick([60, 200, 200, 2000]) ?? 200
        faultInterval = chance.drawScale(1000...100_000)
        faultsEnd = chance.drawScale(50_000...1_500_000)
        let certain = auditShare == 1
        // Few kinds in some schedules and many in others: one kind may hide what another would show.
        let rarity = chance.draw(2...6)
        var kinds: [Fault] = []
        for kind in Fault.allCases where certain || kind != .lie {
            if chance.happens(onceIn: rarity) { kinds.append(kind) }
        }
        self.kinds = kinds.isEmpty ? [.killWorker] : kinds
    }

    var description: String {
        "study \(study), \(workers) workers, audit share \(auditShare), checkpoints every \(checkpointInterval.map { "\($0)" } ?? "-") us, latency up to \(latency) us, a fault every \(faultInterval) us until \(faultsEnd) us: "
            + kinds.map(\.rawValue).joined(separator: ", ")
    }
}
