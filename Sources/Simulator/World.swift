import CNNCore
import Checkpoints
import Coordinator
import Datasets
import TrainingProtocol
import Worker

/// One schedule from its beginning to its end: a coordinator, workers and the network between them, in one thread and with a time of their own.
///
/// Times are in microseconds. All that happens follows from the seed.
final class World {
    enum Event {
        case coordinatorTick(life: Int)
        case coordinatorStart
        case workerTick(Int)
        /// A worker's piece is done.
        case computed(Int)
        /// A worker's socket has found the coordinator.
        case connected(Int, socket: Int)
        case toCoordinator(Link)
        case toWorker(Link)
        case breakLink(Link)
        /// The coordinator's socket tells that a connection was closed.
        case connectionClosed(life: Int)
        case startWorker
        case fault
        case faultsEnd
    }

    /// The coordinator's shell ticks as often, and so does a worker's.
    private static let tickInterval = 50_000
    /// ZeroMQ tries as often to connect to a coordinator that is not there.
    private static let reconnectInterval = 10_000
    /// A run must be over so long after the last fault.
    private static let patience = 60_000_000

    let study: TinyStudy
    let schedule: Schedule
    var chance: Chance
    private var events = EventQueue<Event>()
    private(set) var now = 0
    /// Nil while its process is dead.
    private var coordinator: CoordinatorMachine?
    /// Counts the coordinator's processes.
    private var life = 0
    private let instructionSet: InstructionSet
    let disk = Disk()
    private var store: CheckpointStore
    /// The coordinator does nothing before this.
    var coordinatorFreeAt = 0
    var coordinatorClockOffset = 0
    private(set) var nodes: [Node] = []
    private var computers: [PieceComputer]
    private let makeComputer: () -> PieceComputer
    private var links: [PeerID: Link] = [:]
    private var lastPeer: UInt32 = 0
    /// Messages to the coordinator from the recent past, to be replayed.
    private var tape: [[Frame]] = []

    /// The next step of each job, as far as has been told.
    private var stepsSeen: [Int]
    /// Whether each job has told of a step since the coordinator began.
    private var hasTold: [Bool]
    /// The steps of each job that any coordinator has told of.
    private var stepsEverSeen: [Int]
    private var isFinished: [Bool]
    private(set) var isOver = false
    private(set) var failure: String?
    private(set) var faults = 0
    private let isTracing: Bool
    private(set) var trace: [String] = []

    init(
        seed: UInt64, studies: [TinyStudy], computers: [PieceComputer], isTracing: Bool, instructionSet: InstructionSet,
        makeComputer: @escaping () -> PieceComputer
    ) throws {
        chance = Chance(seed: seed)
        schedule = Schedule(&chance, studies: studies.count)
        study = studies[schedule.study]
        self.computers = computers
        self.makeComputer = makeComputer
        self.isTracing = isTracing
        self.instructionSet = instructionSet
        stepsSeen = Array(repeating: 0, count: study.jobs.count)
        hasTold = Array(repeating: false, count: study.jobs.count)
        stepsEverSeen = Array(repeating: 0, count: study.jobs.count)
        isFinished = Array(repeating: false, count: study.jobs.count)
        store = Self.makeStore(disk, study)
        if isTracing { trace.append(schedule.description) }
    }

    /// Lets things happen until the run is over, or has gone wrong.
    func run() {
        startCoordinator()
        for _ in 0..<schedule.workers { startWorker() }
        put(.fault, after: schedule.faultInterval)
        put(.faultsEnd, after: schedule.faultsEnd)
        while !isOver, failure == nil, let (time, event) = events.take() {
            now = time
            if now > schedule.faultsEnd + Self.patience {
                fail("it has not ended \(Self.patience / 1_000_000) s after the last fault")
            } else {
                happen(event)
            }
        }
    }

    func put(_ event: Event, after time: Int) { events.put(event, at: now + time) }

    func note(_ line: @autoclosure () -> String) {
        if isTracing { trace.append("\(now) us: \(line())") }
    }

    func fail(_ reason: String) {
        note(reason)
        failure = failure ?? reason
    }

    private func happen(_ event: Event) {
        switch event {
        case .coordinatorTick(let life):
            if life != self.life || postpone(event, until: coordinatorFreeAt) { return }
            tell(.tick)
            put(event, after: Self.tickInterval)
        case .coordinatorStart: startCoordinator()
        case .workerTick(let number):
            let node = nodes[number]
            if !node.isAlive || postpone(event, until: node.freeAt) { return }
            tell(node, .tick)
            put(event, after: Self.tickInterval)
        case .computed(let number):
            let node = nodes[number]
            if !node.isAlive || postpone(event, until: node.freeAt) { return }
            guard let piece = node.piece else { return }
            node.piece = nil
            tell(node, .computed(result(of: piece, by: node)))
        case .connected(let number, let socket):
            let node = nodes[number]
            if !node.isAlive || node.socket != socket || node.link != nil || postpone(event, until: node.freeAt) { return }
            guard coordinator != nil else { return put(event, after: Self.reconnectInterval) }
            lastPeer += 1
            let link = Link(peer: PeerID(withUnsafeBytes(of: lastPeer.bigEndian) { [0] + $0 }), worker: number)
            links[link.peer] = link
            node.link = link
            tell(node, .connected)
        case .toCoordinator(let link):
            if postpone(event, until: max(coordinatorFreeAt, link.toCoordinator.blockedUntil)) || link.toCoordinator.messages.isEmpty {
                return
            }
            tell(arrival(of: link.toCoordinator.messages.removeFirst(), from: link.peer))
        case .toWorker(let link):
            let node = nodes[link.worker]
            if !node.isAlive || node.link !== link || link.toWorker.messages.isEmpty { return }
            if postpone(event, until: max(node.freeAt, link.toWorker.blockedUntil)) { return }
            let message = link.toWorker.messages.removeFirst()
            do throws(ProtocolViolation) {
                tell(node, .received(try Check.removing(from: message)))
            } catch {
                tell(node, .unreadable(error))
            }
        case .breakLink(let link): breakLink(link)
        case .connectionClosed(let life):
            if life != self.life || postpone(event, until: coordinatorFreeAt) { return }
            tell(.connectionClosed)
        case .startWorker: startWorker()
        case .fault:
            guard now < schedule.faultsEnd else { return }
            faults += 1
            if let kind = chance.pick(schedule.kinds) { bringAbout(kind) }
            put(.fault, after: chance.draw(1...2 * schedule.faultInterval))
        case .faultsEnd:
            for node in nodes { node.misdeed = nil }
            startWorker()
        }
    }

    /// Puts an event off to a time if that has not come.
    private func postpone(_ event: Event, until time: Int) -> Bool {
        guard time > now else { return false }
        events.put(event, at: time)
        return true
    }

    // MARK: The coordinator

    private static func makeStore(_ disk: Disk, _ study: TinyStudy) -> CheckpointStore {
        CheckpointStore(
            files: disk, identity: CheckpointIdentity(run: "simulated", datasetSHA256: "none", profile: TrainingProtocol.profile),
            jobs: study.jobs)
    }

    /// A coordinator's process begins, from what the one before has left.
    private func startCoordinator() {
        var settings = CoordinatorSettings(run: chance.next(), instructionSet: instructionSet)
        settings.auditShare = schedule.auditShare
        settings.heartbeatInterval = .milliseconds(200)
        settings.silenceLimit = .seconds(2)
        settings.checkpointInterval = schedule.checkpointInterval.map { .microseconds($0) }
        let diskMayFail = disk.mishap != nil
        life += 1
        do {
            store = Self.makeStore(disk, study)
            let states = try study.jobs.indices.map { try store.load(job: $0)?.state }
            note("a coordinator starts, with \(states.count { $0 != nil }) checkpoints")
            let coordinator = try CoordinatorMachine(jobs: study.jobs, dataset: TinyStudy.dataset, settings: settings, states: states)
            self.coordinator = coordinator
            isFinished = isFinished.map { _ in false }
            hasTold = hasTold.map { _ in false }
            for observation in coordinator.takeRestoredObservations() { observe(observation) }
        } catch  where diskMayFail && disk.mishap == nil {
            note("the coordinator could not begin: \(error)")
            disk.restart(losing: disk.hasCrashed, &chance)
            put(.coordinatorStart, after: chance.drawScale(1000...500_000))
            return
        } catch {
            fail("the coordinator could not begin: \(error)")
        }
        put(.coordinatorTick(life: life), after: Self.tickInterval)
    }

    /// The coordinator's process is gone; somebody starts another.
    func killCoordinator(losingPower: Bool) {
        guard coordinator != nil else { return }
        note("the coordinator is killed, \(losingPower ? "with" : "without") its machine")
        coordinator = nil
        life += 1
        disk.restart(losing: losingPower, &chance)
        for node in nodes { if let link = node.link { breakLink(link) } }
        put(.coordinatorStart, after: chance.drawScale(1000...500_000))
    }

    /// Tells the coordinator what happened and does what it wants, in the way of its shell.
    func tell(_ event: CoordinatorEvent) {
        var pending = [event]
        while let event = pending.popLast(), let coordinator {
            for action in coordinator.handle(event, now: .microseconds(now + coordinatorClockOffset)) {
                switch action {
                case .send(let frames, let peer):
                    if let link = links[peer], link.isUp {
                        send(frames, on: &link.toWorker)
                        put(.toWorker(link), after: chance.draw(20...schedule.latency))
                    } else {
                        pending.append(.undeliverable(to: peer))
                    }
                case .log(_, let line):
                    note("coordinator: \(line)")
                    check(line)
                case .observe(let observation): observe(observation)
                case .checkpoint(let job, let state):
                    keep(state, of: job)
                    if self.coordinator == nil { return }
                case .finish(let end):
                    isOver = true
                    if end != .completed { fail("the run ended so: \(end)") }
                    if isFinished.contains(false) { fail("the run has ended, and not all of its jobs") }
                }
            }
        }
        // Whether it catches up must not matter.
        if now.isMultiple(of: 2) { coordinator?.catchUp() }
    }

    /// Writes a checkpoint, unless, as a writer that is behind may, it leaves it out for the sake of the next one.
    private func keep(_ state: JobState, of job: Int) {
        if chance.happens(onceIn: 4) { return }
        do {
            try store.write(state, job: job)
        } catch {
            note("coordinator: \(error)")
            if disk.hasCrashed { killCoordinator(losingPower: true) }
        }
    }

    private func observe(_ observation: TrainingObservation) {
        switch observation {
        case .stepFinished(let job, let step, let loss):
            let losses = study.expected[job].stepLosses
            // A coordinator that begins anew may go back, and the one after it to where an earlier one was: the newest state may have been unreadable
            // for a while. But none may leave out a step.
            if hasTold[job] ? step != stepsSeen[job] : step > stepsEverSeen[job] {
                fail("job \(job) told of step \(step), not of \(hasTold[job] ? stepsSeen[job] : stepsEverSeen[job])")
            }
            if step >= losses.count || losses[step] != UInt64(loss.bitPattern) { fail("the loss of job \(job) at step \(step) differs") }
            stepsSeen[job] = step + 1
            stepsEverSeen[job] = max(stepsEverSeen[job], step + 1)
            hasTold[job] = true
        case .jobFinished(let job, let outcome):
            if isFinished[job] { fail("job \(job) has finished twice") }
            isFinished[job] = true
            let differences = OutcomeBits(outcome).differences(from: study.expected[job])
            if !differences.isEmpty { fail("job \(job) differs in \(differences.joined(separator: ", "))") }
        case .jobFailed(let job, let reason): fail("job \(job) failed: \(reason)")
        case .epochFinished, .workerJoined, .workerLeft: break
        }
    }

    /// No honest worker may be called a liar, unless its messages came from elsewhere.
    private func check(_ line: String) {
        guard line.contains("is faulty"), !schedule.kinds.contains(.replay) else { return }
        // The name ends with the number, and a full stop or a comma follows.
        let isTrue = nodes.contains { node in
            node.hasMisbehaved && [".", ","].contains { line.contains("simulated:\(node.number)\($0)") }
        }
        if !isTrue { fail("an honest worker was blamed: \(line)") }
    }

    // MARK: Workers

    func startWorker() {
        let number = nodes.count
        let introduction = WorkerIntroduction(
            profile: TrainingProtocol.profile, instructionSet: "simulated", host: "simulated", processID: UInt32(number), slots: 2)
        var settings = WorkerSettings(endpoint: "simulated", introduction: introduction, giveUpAfter: nil)
        settings.connectionPatience = .seconds(1)
        settings.helloPatience = .seconds(1)
        settings.reconnectInterval = .milliseconds(200)
        let node = Node(
            number: number, machine: WorkerMachine(settings: settings, now: .microseconds(now)),
            computer: computers.popLast() ?? makeComputer())
        nodes.append(node)
        note("worker \(number) starts")
        put(.connected(number, socket: node.socket), after: chance.draw(20...schedule.latency))
        put(.workerTick(number), after: Self.tickInterval)
    }

    /// Tells a worker what happened and does what it wants, in the way of its shell.
    func tell(_ node: Node, _ event: WorkerEvent) {
        var pending = [event]
        while let event = pending.popLast() {
            for action in node.machine.handle(event, now: .microseconds(now + node.clockOffset)) {
                switch action {
                case .connect:
                    node.link?.isUp = false
                    node.link = nil
                    node.socket += 1
                    put(.connected(node.number, socket: node.socket), after: chance.draw(20...schedule.latency))
                case .send(let frames):
                    if let link = node.link, link.isUp {
                        send(frames, on: &link.toCoordinator)
                        remember(frames)
                        put(.toCoordinator(link), after: chance.draw(20...schedule.latency))
                    } else {
                        pending.append(.undeliverable)
                    }
                case .log: break
                case .finish(let end):
                    note("worker \(node.number) ends: \(end)")
                    bury(node)
                }
            }
        }
        guard node.isAlive, node.piece == nil, let piece = node.machine.beginPiece() else { return }
        node.piece = piece
        node.freeAt = max(node.freeAt, now + piece.sampleCount * chance.draw(5...50))
        events.put(.computed(node.number), at: node.freeAt)
    }

    /// A worker's process is gone; somebody starts another.
    func bury(_ node: Node) {
        node.isAlive = false
        node.link?.isUp = false
        node.link = nil
        put(.startWorker, after: chance.drawScale(1000...1_000_000))
    }

    private func result(of piece: PieceOfWork, by node: Node) -> PieceResult {
        let result = node.computer.compute(piece) { _ in }
        guard let misdeed = node.misdeed, chance.happens(onceIn: 2) else { return result }
        node.hasMisbehaved = true
        note("worker \(node.number): \(misdeed.rawValue)")
        if misdeed == .sendRubbish { return result.rubbish(&chance) }
        return result.lie(kind: piece.kind, classes: piece.model.classes, labels: piece.labels.bytes(), by: node.number, &chance)
    }

    // MARK: Messages

    /// What a message is to the coordinator.
    func arrival(of message: [Frame], from peer: PeerID) -> CoordinatorEvent {
        do throws(ProtocolViolation) {
            return .received(from: peer, frames: try Check.removing(from: message))
        } catch {
            return .unreadable(from: peer, error)
        }
    }

    private func send(_ frames: [Frame], on lane: inout Link.Lane) {
        let frames = Check.adding(to: frames)
        guard let fault = lane.nextFault else {
            lane.messages.append(frames)
            return
        }
        lane.nextFault = nil
        switch fault {
        case .drop: note("a message is lost")
        case .duplicate: lane.messages += [frames, frames]
        case .reorder: lane.messages.insert(frames, at: max(0, lane.messages.count - 1))
        case .garble:
            note("a message is garbled")
            lane.messages.append(garbled(frames))
        default: lane.messages.append(frames)
        }
    }

    private func garbled(_ frames: [Frame]) -> [Frame] {
        var frames = frames
        let place = chance.draw(0...frames.count - 1)
        var bytes = frames[place].bytes()
        if !bytes.isEmpty { bytes[chance.draw(0...bytes.count - 1)] ^= 1 << UInt8(chance.draw(0...7)) }
        frames[place] = Frame(bytes: bytes)
        return frames
    }

    private func remember(_ frames: [Frame]) {
        guard schedule.kinds.contains(.replay) else { return }
        if tape.count == 16 { tape.removeFirst() }
        tape.append(Check.adding(to: frames))
    }

    func breakLink(_ link: Link) {
        guard link.isUp else { return }
        note("the connection of worker \(link.worker) breaks")
        link.isUp = false
        link.toCoordinator.messages = []
        link.toWorker.messages = []
        if chance.happens(onceIn: 2) { put(.connectionClosed(life: life), after: chance.draw(0...2000)) }
        let node = nodes[link.worker]
        guard node.link === link else { return }
        // The worker's ZeroMQ connects anew by itself; the worker does not know.
        node.link = nil
        put(.connected(node.number, socket: node.socket), after: chance.drawScale(1000...1_000_000))
    }

    /// Something that was sent before arrives once more.
    func replay(on link: Link) {
        guard let frames = chance.pick(tape) else { return }
        link.toCoordinator.messages.append(frames)
        put(.toCoordinator(link), after: chance.draw(20...schedule.latency))
    }
}
