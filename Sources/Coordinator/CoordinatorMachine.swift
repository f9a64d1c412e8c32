package import Datasets
package import Tracing
package import TrainingProtocol
import Worker

/// The coordinator: gives pieces of the jobs to workers and makes weights of what they return.
///
/// It is a state machine without sockets, clocks, files or threads: whoever owns it tells it what has happened, and does what it asks. The same events make the
/// same actions; the jobs' results do not depend on the events at all. It is not Sendable: one thread owns it.
package final class CoordinatorMachine {
    let settings: CoordinatorSettings
    private(set) var jobs: [JobRun]
    /// What the restored jobs have to tell.
    var restored: [TrainingObservation] = []
    /// In the order they came.
    var workers: [ConnectedWorker] = []
    private var workersByPeer: [PeerID: ConnectedWorker] = [:]
    private var blocked = PeerBlocklist()
    private var strangers = StrangerCount()
    /// Name of the last assignment.
    var lastPiece: UInt64 = 0
    let trace: TraceRecorder?
    let audits: AuditChoice
    var pieceTimes = PieceTimes()
    /// Tasks that are given to more than one worker, because they are audited or late.
    var tasksInDoubt: [OpenTask] = []
    /// When the workers' lateness is looked at next.
    var nextLook = Duration.zero
    /// Computes what results must be when they contradict each other.
    lazy var referee = PieceComputer(instructionSet: settings.instructionSet)
    private var patience: Patience
    private var end: CoordinatorEnd?
    private var lastTick: Duration?
    private var lastEvent: Duration?
    /// How long nothing may happen before it counts as a standstill.
    private let standstill: Duration
    /// What the current event has led to so far.
    var actions: [CoordinatorAction] = []

    /// - Parameters:
    ///   - jobs: What to train; an observation names a job by its index here.
    ///   - dataset: The images of all jobs.
    ///   - settings: None of them touches a result.
    ///   - states: Where to take up the jobs, one a job, nil for a job's beginning; empty to begin all of them.
    ///   - trace: Records what takes long.
    ///   - tensors: Images, and where parameters are made; nil for this process's own memory.
    /// - Throws: ``JobError`` if a job cannot be trained on the data set, or a state is not its job's.
    package init(
        jobs: [TrainingJob], dataset: Dataset, settings: CoordinatorSettings, states: [JobState?] = [], trace: TraceRecorder? = nil,
        tensors: CoordinatorTensors? = nil
    ) throws(JobError) {
        for job in jobs { try job.check(against: dataset) }
        self.settings = settings
        self.trace = trace
        standstill = settings.heartbeatInterval / 4
        audits = AuditChoice(run: settings.run, share: settings.auditShare)
        patience = Patience(limit: settings.patience)
        let tensors = tensors ?? CoordinatorTensors(of: dataset)
        self.jobs = jobs.enumerated().map {
            JobRun(index: $0, job: $1, dataset: dataset, instructionSet: settings.instructionSet, trace: trace, tensors: tensors)
        }
        try restore(states)
    }

    /// Whether the run is over.
    package var isFinished: Bool { end != nil }

    /// The workers that are taken, in the order they came.
    package var connectedWorkers: [WorkerIntroduction] { workers.map(\.introduction) }

    /// Whether a connection is a worker's that is taken.
    package func knows(_ peer: PeerID) -> Bool { workersByPeer[peer] != nil }

    /// Whether one of some workers has nothing to do.
    package func hasIdleWorker(among isIncluded: (PeerID) -> Bool) -> Bool {
        workers.contains { $0.isIdle && isIncluded($0.peer) }
    }

    /// Takes an event and returns what is to be done, in order.
    ///
    /// - Parameters:
    ///   - event: What has happened.
    ///   - now: Time since any fixed moment, by a clock that never jumps.
    package func handle(_ event: CoordinatorEvent, now: Duration) -> [CoordinatorAction] {
        actions = []
        forgiveStandstill(now: now)
        switch event {
        case .received(let peer, let frames): receive(frames, from: peer, now: now)
        case .unreadable(let peer, let violation): receiveUnreadable(violation, from: peer)
        case .undeliverable(let peer):
            if let worker = workersByPeer[peer] { lose(worker, "its connection is gone") }
        case .connectionClosed:
            // What cannot be delivered tells whose it was.
            for worker in workers where !worker.isIdle { sendHeartbeat(to: worker, now: now) }
        case .processEnded(let host, let processID, let cause):
            if let worker = workers.first(where: { $0.introduction.host == host && $0.introduction.processID == processID }) {
                lose(worker, "its process \(cause)")
            }
        case .stopRequested(let reason):
            if end == nil { checkpointJobs(now: now, despiteInterval: true) }
            finish(.stopped(reason), farewell: reason)
        case .tick: tick(now: now)
        }
        if end == nil {
            settleAuditsWithoutSecondWorker()
            checkpointJobs(now: now)
            if jobs.isEmpty {
                finish(.completed, farewell: "All training is done.")
            } else {
                assignWork(now: now)
                waitForWorkers(now: now)
            }
        }
        defer { actions = [] }
        return actions
    }

    // MARK: Workers

    private func receive(_ frames: [Frame], from peer: PeerID, now: Duration) {
        if blocked.contains(peer) { return }
        let worker = workersByPeer[peer]
        let message: WorkerMessage
        do { message = try WorkerMessage(frames: frames) } catch { return reject(error, from: peer) }
        if case .hello(let introduction) = message {
            take(introduction, from: peer, now: now)
            return
        }
        guard let worker else {
            if case .goodbye = message { return }
            actions.append(.send(CoordinatorMessage.reintroduce.frames(), to: peer))
            return
        }
        worker.lastHeard = now
        switch message {
        case .hello: break
        case .heartbeat(let progress):
            if progress.run == settings.run, worker.note(progress, now: now, limit: settings.heartbeatInterval) {
                lose(worker, "it has lost its work")
                actions.append(.send(CoordinatorMessage.reintroduce.frames(), to: peer))
            }
        case .result(let result): if end == nil { receive(result, from: worker, now: now) }
        case .declined(let run, let piece, let reason):
            if run == settings.run, worker.assignments.contains(where: { $0.piece == piece }) {
                refuse(peer, "The worker declined a piece of work: \(reason)")
            }
        case .goodbye(let sentence): lose(worker, sentence)
        }
    }

    /// A worker's message arrived in a form in which it cannot have sent it, so its connection is out of step. Of strangers nobody knows what they sent.
    private func receiveUnreadable(_ violation: ProtocolViolation, from peer: PeerID) {
        guard let worker = workersByPeer[peer] else { return reject(violation, from: peer) }
        actions.append(.log(.warning, "A message of worker \(worker.name) was damaged on its way; it connects anew."))
        lose(worker, "a message of it was damaged")
        actions.append(.send(CoordinatorMessage.reintroduce.frames(), to: peer))
    }

    /// Does without a message that breaks the protocol, and without its sender.
    private func reject(_ violation: ProtocolViolation, from peer: PeerID) {
        if blocked.contains(peer) { return }
        switch violation {
        case .damaged where workersByPeer[peer] == nil, .foreign where workersByPeer[peer] == nil:
            blocked.insert(peer)
            if let line = strangers.note(violation) { actions.append(.log(.warning, line)) }
        default: refuse(peer, "\(violation)")
        }
    }

    private func take(_ introduction: WorkerIntroduction, from peer: PeerID, now: Duration) {
        if let end {
            let farewell = if case .stopped(let reason) = end { reason } else { "All training is done." }
            actions.append(.send(CoordinatorMessage.stop(farewell).frames(), to: peer))
            return
        }
        guard settings.acceptedProfiles.contains(introduction.profile) else {
            let accepted = settings.acceptedProfiles.joined(separator: " or ")
            refuse(
                peer,
                "The worker \(introduction.name) computes by the profile \(introduction.profile) and this run by \(accepted); "
                    + "their results would differ. Run the same release of minishard on both sides.")
            return
        }
        // A second HELLO on the same connection: the worker has begun anew.
        if let known = workersByPeer[peer] { lose(known, "it began anew") }
        let worker = ConnectedWorker(
            peer: peer, introduction: introduction, slots: max(1, min(introduction.slots, settings.piecesPerWorker)), now: now)
        workers.append(worker)
        workersByPeer[peer] = worker
        let welcome = Welcome(run: settings.run, heartbeatInterval: settings.heartbeatInterval, silenceLimit: settings.silenceLimit)
        actions.append(.send(CoordinatorMessage.welcome(welcome).frames(), to: peer))
        actions.append(.observe(.workerJoined(introduction, workers: workers.count)))
    }

    /// Gives a worker up; its unfinished pieces go back to their jobs.
    func lose(_ worker: ConnectedWorker, _ reason: String) {
        workers.removeAll { $0 === worker }
        workersByPeer[worker.peer] = nil
        let lost = worker.assignments
        worker.assignments = []
        for assignment in lost { giveBack(assignment.open) }
        if end == nil { actions.append(.observe(.workerLeft(worker.introduction, reason: reason, workers: workers.count))) }
    }

    /// Shuts a peer out for good, with the reason in a sentence.
    func refuse(_ peer: PeerID, _ sentence: String) {
        let worker = workersByPeer[peer]
        actions.append(.send(CoordinatorMessage.refusal(sentence).frames(), to: peer))
        actions.append(.log(.warning, "Refused \(worker.map { "worker \($0.name)" } ?? "a peer"). \(sentence)"))
        if let worker { lose(worker, "it was refused") }
        blocked.insert(peer)
    }

    /// The worker behind a connection, if it is still there.
    func worker(at peer: PeerID) -> ConnectedWorker? { workersByPeer[peer] }

    // MARK: Time

    private func tick(now: Duration) {
        defer { lastTick = now }
        if let line = strangers.summary() { actions.append(.log(.warning, line)) }
        // Whoever owns the machine was itself stopped or suspended: what the workers sent meanwhile may not have been read yet, so none is blamed.
        if let lastTick, now - lastTick > settings.heartbeatInterval * 2 {
            for worker in workers { worker.lastHeard = now }
        }
        for worker in workers where now - worker.lastHeard > settings.silenceLimit {
            lose(worker, "it was silent for \(settings.silenceLimit)")
        }
        for worker in workers where now - worker.lastSent >= settings.heartbeatInterval { sendHeartbeat(to: worker, now: now) }
    }

    private func sendHeartbeat(to worker: ConnectedWorker, now: Duration) {
        worker.lastSent = now
        actions.append(.send(CoordinatorMessage.heartbeat(run: settings.run).frames(), to: worker.peer))
    }

    /// Does not blame workers for a time in which whoever owns the machine stood still: what they sent meanwhile may not have been read yet.
    private func forgiveStandstill(now: Duration) {
        defer { lastEvent = now }
        guard let lastEvent, now - lastEvent > standstill else { return }
        for worker in workers { worker.busySince += now - lastEvent }
        patience.forgive(now - lastEvent)
    }

    private func waitForWorkers(now: Duration) {
        if let line = patience.note(workers: workers.count, now: now) { actions.append(.log(.warning, line)) }
        guard patience.isOver(now: now), let limit = patience.limit else { return }
        checkpointJobs(now: now, despiteInterval: true)
        let reason = "There was no worker for \(limit)."
        finish(.stopped(reason), farewell: reason)
    }

    // MARK: The end

    /// Takes a job that is over off the list, and ends the run with the last one.
    func retire(_ job: JobRun) {
        jobs.removeAll { $0 === job }
    }

    private func finish(_ end: CoordinatorEnd, farewell: String) {
        guard self.end == nil else { return }
        self.end = end
        for worker in workers { actions.append(.send(CoordinatorMessage.stop(farewell).frames(), to: worker.peer)) }
        actions.append(.finish(end))
    }
}
