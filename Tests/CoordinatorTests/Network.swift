import CNNCore
import Coordinator
import RandomStreams
import TrainingProtocol
import Worker

/// A coordinator and workers in one thread, with a network between them that a seed rules. Each connection keeps the order of its messages, as ZeroMQ does.
final class Network {
    /// What may go wrong, each with its weight against the 1,000 of ordinary events.
    struct Faults {
        var workerDies = 0
        var workerJoins = 0
        var connectionBreaks = 0
        var resultIsRepeated = 0
        var helloIsRepeated = 0
        var timePasses = 20
    }

    final class Connection {
        let peer: PeerID
        var toCoordinator: [[Frame]] = []
        var toWorker: [[Frame]] = []

        init(peer: PeerID) { self.peer = peer }
    }

    final class SimulatedWorker {
        var machine: WorkerMachine
        let computer: PieceComputer
        var connection: Connection
        var end: WorkerEnd?
        let number: UInt32

        init(number: UInt32, machine: WorkerMachine, instructionSet: InstructionSet, connection: Connection) {
            self.number = number
            self.machine = machine
            computer = PieceComputer(instructionSet: instructionSet)
            self.connection = connection
        }
    }

    let coordinator: CoordinatorMachine
    private(set) var workers: [SimulatedWorker] = []
    private var connections: [PeerID: Connection] = [:]
    private var random: MersenneTwister
    /// Decides when the coordinator has time to catch up.
    private var idleTime: MersenneTwister
    private let faults: Faults
    private let instructionSet: InstructionSet
    private var lastPeer: UInt32 = 0
    private var lastWorker: UInt32 = 0
    private(set) var now = Duration.zero
    private(set) var outcomes: [Int: TrainingOutcome] = [:]
    private(set) var failures: [Int: String] = [:]
    private(set) var observations: [TrainingObservation] = []
    private(set) var log: [String] = []
    /// The states that were to be kept, in order.
    private(set) var checkpoints: [(job: Int, state: JobState)] = []
    private(set) var end: CoordinatorEnd?
    private(set) var faultCount = 0

    init(jobs: [TrainingJob], workers: Int, seed: UInt64 = 0, faults: Faults = Faults()) throws {
        instructionSet = try InstructionSet.best()
        coordinator = try CoordinatorMachine(
            jobs: jobs, dataset: TestJobs.dataset, settings: CoordinatorSettings(run: 0xABCD, instructionSet: instructionSet))
        random = MersenneTwister(seed: seed)
        idleTime = MersenneTwister(seed: seed + 1)
        self.faults = faults
        for _ in 0..<workers { addWorker() }
    }

    @discardableResult
    func addWorker() -> SimulatedWorker {
        lastWorker += 1
        let introduction = WorkerIntroduction(
            profile: TrainingProtocol.profile, instructionSet: "test", host: "host", processID: lastWorker, slots: 2)
        let machine = WorkerMachine(
            settings: WorkerSettings(endpoint: "simulated", introduction: introduction, giveUpAfter: nil), now: now)
        let worker = SimulatedWorker(number: lastWorker, machine: machine, instructionSet: instructionSet, connection: connect())
        workers.append(worker)
        return worker
    }

    private func connect() -> Connection {
        lastPeer += 1
        let connection = Connection(peer: PeerID(withUnsafeBytes(of: lastPeer.bigEndian) { [0] + $0 }))
        connections[connection.peer] = connection
        return connection
    }

    private func draw(below bound: Int) -> Int { Int(random.next32() % UInt32(bound)) }

    /// Lets things happen until the run is over.
    ///
    /// - Returns: False if it was not after `limit` events.
    func run(limit: Int = 200_000) -> Bool {
        for _ in 0..<limit {
            if end != nil { return true }
            happen()
        }
        return false
    }

    private func happen() {
        let weights = [
            1000, faults.timePasses, faults.workerDies, faults.workerJoins, faults.connectionBreaks, faults.resultIsRepeated,
            faults.helloIsRepeated,
        ]
        var place = draw(below: weights.reduce(0, +))
        let kind = weights.firstIndex { weight in
            place -= weight
            return place < 0
        }
        if kind ?? 0 > 1 { faultCount += 1 }
        switch kind {
        case 1: passTime(.milliseconds(100 + draw(below: 900)))
        case 2: killWorker()
        case 3: if workers.count < 8 { addWorker() }
        case 4: breakConnection()
        case 5: repeatMessage { if case .result = $0 { true } else { false } }
        case 6: repeatMessage { if case .hello = $0 { true } else { false } }
        default: proceed()
        }
    }

    /// An ordinary event: a message arrives or a worker does its next thing.
    private func proceed() {
        guard !workers.isEmpty else { return passTime(.milliseconds(500)) }
        let worker = workers[draw(below: workers.count)]
        switch draw(below: 3) {
        case 0:
            if !worker.connection.toCoordinator.isEmpty {
                deliver(worker.connection.toCoordinator.removeFirst(), from: worker.connection.peer)
            }
        case 1:
            if !worker.connection.toWorker.isEmpty { tell(worker, .received(worker.connection.toWorker.removeFirst())) }
        default:
            if worker.machine.awaitsConnection {
                tell(worker, .connected)
            } else if let piece = worker.machine.beginPiece() {
                tell(worker, .computed(worker.computer.compute(piece) { _ in }))
            } else {
                // Nothing to do: were it always so, time must go on.
                passTime(.milliseconds(1))
            }
        }
    }

    func passTime(_ duration: Duration) {
        now += duration
        perform(coordinator.handle(.tick, now: now))
        for worker in workers { tell(worker, .tick) }
        workers.removeAll { $0.end != nil }
    }

    private func killWorker() {
        guard workers.count > 1 else { return }
        let worker = workers.remove(at: draw(below: workers.count))
        connections[worker.connection.peer] = nil
        // Sometimes its parent tells at once, otherwise its silence does.
        if draw(below: 2) == 0 {
            perform(coordinator.handle(.processEnded(host: "host", processID: worker.number, cause: "was killed"), now: now))
        }
    }

    /// What is on its way is lost; the worker notices when it next sends.
    private func breakConnection() {
        guard !workers.isEmpty else { return }
        let worker = workers[draw(below: workers.count)]
        connections[worker.connection.peer] = nil
        worker.connection.toCoordinator = []
        worker.connection.toWorker = []
        tell(worker, .undeliverable)
    }

    /// A message that a worker has sent arrives twice, the second time behind all others of its connection.
    private func repeatMessage(_ isMeant: (WorkerMessage) -> Bool) {
        guard !workers.isEmpty else { return }
        let connection = workers[draw(below: workers.count)].connection
        let message = connection.toCoordinator.first { frames in (try? WorkerMessage(frames: frames)).map(isMeant) ?? false }
        if let message { connection.toCoordinator.append(message) }
    }

    /// Brings a message to the coordinator.
    func deliver(_ frames: [Frame], from peer: PeerID) {
        perform(coordinator.handle(.received(from: peer, frames: frames), now: now))
        // Whether it catches up must not matter.
        if idleTime.next32().isMultiple(of: 2) { coordinator.catchUp() }
    }

    private func perform(_ actions: [CoordinatorAction]) {
        for action in actions {
            switch action {
            case .send(let frames, let peer):
                if let connection = connections[peer] {
                    connection.toWorker.append(frames)
                } else {
                    perform(coordinator.handle(.undeliverable(to: peer), now: now))
                }
            case .log(_, let line): log.append(line)
            case .observe(let observation):
                observations.append(observation)
                if case .jobFinished(let job, let outcome) = observation { outcomes[job] = outcome }
                if case .jobFailed(let job, let reason) = observation { failures[job] = reason }
            case .checkpoint(let job, let state): checkpoints.append((job, state))
            case .finish(let end): self.end = end
            }
        }
    }

    private func tell(_ worker: SimulatedWorker, _ event: WorkerEvent) {
        for action in worker.machine.handle(event, now: now) {
            switch action {
            case .connect:
                connections[worker.connection.peer] = nil
                worker.connection = connect()
            case .send(let frames): worker.connection.toCoordinator.append(frames)
            case .log: break
            case .finish(let end): worker.end = end
            }
        }
    }
}
