import CNNCore
import CPUFeatures
package import Coordinator
package import Datasets
package import Logging
package import Tracing
import TrainingProtocol
import ZeroMQ

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// The coordinator over a ZeroMQ socket, and direct lines to the workers on its machine.
///
/// Made on one thread, which binds the endpoints; run on that or another one, but on one only.
package final class CoordinatorShell {
    /// The endpoints as bound, with the port's number where `*` was asked for.
    package private(set) var endpoints: [String] = []
    package let handle: CoordinatorHandle
    private var bound: [Endpoint] = []
    private let machine: CoordinatorMachine
    private let logger: Logger
    private let trace: TraceRecorder?
    private var socket: Socket
    private let monitor: DisconnectionMonitor
    /// How often the machine is still to be told that a connection was closed, and the earliest time for it.
    private var disconnectionTellings = (left: 0, next: Duration.zero)
    private var end: CoordinatorEnd?
    private let lines: DirectLines
    /// Until then the workers' answers to STOP are waited for.
    private var lastFarewell = Duration.zero
    private var nextTick = Duration.zero
    /// How often news of direct lines may still be taken in before anything else is looked at.
    private var shortcuts = 0
    private var alertness = Alertness()
    private var keep: (Int, JobState) -> Void = { _, _ in }

    /// Binds the endpoints, so that workers may come; they are answered once `run` is called.
    ///
    /// - Parameters:
    ///   - endpoints: `tcp://ADDRESS:PORT` (port `*`: any free one) or `ipc://PATH`; at least one.
    ///   - jobs: What to train. Observations name a job by its index.
    ///   - dataset: The images of all jobs.
    ///   - localWorkers: Workers of this machine that will come for certain: as many can have direct lines, and at least one a core.
    ///   - states: Where to take up the jobs, one a job, nil for a job's beginning; empty to begin all of them.
    ///   - trace: Records what the coordinator does.
    /// - Throws: ``TransportError`` if an endpoint cannot be had, ``JobError`` if a job cannot be trained on the data set or a state is not its job's;
    ///   nothing has been started then.
    package init(
        endpoints: [String], jobs: [TrainingJob], dataset: Dataset, localWorkers: Int, settings: CoordinatorSettings,
        states: [JobState?] = [], logger: Logger, trace: TraceRecorder? = nil
    ) throws {
        let largestParameters = jobs.reduce(0) { max($0, $1.model.parameterCount * MemoryLayout<Float>.size) }
        lines = DirectLines(
            areWanted: endpoints.contains { (try? Endpoint($0))?.directPath != nil },
            capacity: max(2, localWorkers, Int(cpu_available_cores())), dataset: dataset, largestTensor: largestParameters
        ) { logger.warning("\($0)") }
        machine = try CoordinatorMachine(
            jobs: jobs, dataset: dataset, settings: settings, states: states, trace: trace, tensors: lines.tensors)
        handle = try CoordinatorHandle()
        self.logger = logger
        self.trace = trace
        let options = commonOptions(linger: 1000, largestFrame: Self.largestResult(of: jobs))
            .merging([.routerMandatory: 1, .routerHandover: 0]) { $1 }
        socket = try Socket(.router, in: Context(), options: options)
        monitor = try socket.makeMonitor("disconnections")
        for endpoint in endpoints { self.endpoints.append(try bind(endpoint)) }
    }

    deinit {
        for endpoint in bound { endpoint.removeFile() }
    }

    private func bind(_ text: String) throws -> String {
        let endpoint = try Endpoint(text)
        try endpoint.checkPathIsFree()
        // Before the endpoint itself, so that whoever finds that finds these.
        let obstacle = endpoint.directPath.flatMap { lines.listen(at: $0) }
        do {
            let name = endpoint.named(asBound: try socket.bind(text))
            bound.append(endpoint)
            if let obstacle { lines.warnOnce(of: obstacle) }
            return name
        } catch {
            throw TransportError(description: "Cannot listen on \(text): \(Self.advice(on: error))")
        }
    }

    /// Trains the jobs: returns when each has finished or failed, or when the handle's `stop` is called, and the workers have been sent home (which takes a
    /// second if one of them does not answer).
    ///
    /// Blocks its thread, which must not be one of Swift's concurrency pool.
    ///
    /// - Parameter observer: Called on this thread, in order, with all that happens; what it does delays the training.
    /// - Parameter checkpoint: Called on this thread with each state of a job that is to be kept; it should return at once.
    /// - Throws: `ZeroMQError` if the socket fails.
    package func run(
        observer: (TrainingObservation) -> Void, checkpoint: @escaping (Int, JobState) -> Void = { _, _ in }
    ) throws -> CoordinatorEnd {
        keep = checkpoint
        for observation in machine.takeRestoredObservations() { observer(observation) }
        while true {
            let result = try trace.recording(.wait) { try wait() }
            if result.readable { try trace.recording(.receive) { try receiveMessages(observer) } }
            try receiveFromLines(result.readableDescriptors, observer)
            if result.readableDescriptors.contains(handle.mailbox.descriptor) {
                for event in handle.mailbox.takeAll() { try handle(event, observer) }
            }
            try noteDisconnection(result.hasDisconnection, observer)
            if MonotonicClock.now >= nextTick {
                lines.closeIdle(now: MonotonicClock.now) { machine.knows($0) }
                try handle(.tick, observer)
                nextTick = MonotonicClock.now + .milliseconds(50)
            }
            if let end, machine.connectedWorkers.isEmpty || MonotonicClock.now >= lastFarewell { return end }
        }
    }

    /// Waits for something to happen, or for time to pass, and does meanwhile what nobody waits for.
    private func wait() throws -> PollResult {
        if lines.haveNews, shortcuts > 0 {
            shortcuts -= 1
            return .nothing
        }
        shortcuts = 8
        let descriptors = [handle.mailbox.descriptor] + lines.descriptors
        func look(timeout: Int = 0) throws -> PollResult {
            try socket.poll(monitor: monitor, descriptors: descriptors, timeout: timeout)
        }
        while alertness.isAlert {
            let result = try look()
            if !result.isNothing || lines.haveNews { return result }
            if !catchUp() { sched_yield() }
            if lines.haveNews { return .nothing }
        }
        while catchUp() {}
        lines.fallAsleep()
        defer { lines.wakeUp() }
        return try look(timeout: lines.haveNews ? 0 : disconnectionTellings.left == 0 ? 50 : 1)
    }

    /// Does a little of what nobody waits for.
    ///
    /// - Returns: Whether there was something to do, and may be more.
    private func catchUp() -> Bool {
        switch machine.catchUp() {
        case .nothing: return false
        case .something: break
        case .prepared(let frames, let peer): lines.line(to: peer)?.sendAhead(frames)
        }
        return true
    }

    /// Tells the machine of a closed connection. libzmq's note comes a little before its socket knows, so the machine is told a moment later, and once more
    /// in case that was too early.
    private func noteDisconnection(_ isNew: Bool, _ observer: (TrainingObservation) -> Void) throws {
        if isNew { disconnectionTellings.left = 2 }
        guard disconnectionTellings.left > 0, MonotonicClock.now >= disconnectionTellings.next else { return }
        if disconnectionTellings.left == 2 { usleep(100) }
        disconnectionTellings = (disconnectionTellings.left - 1, MonotonicClock.now + .milliseconds(2))
        try handle(.connectionClosed, observer)
    }

    /// Messages that are taken in before anything else is looked at: a flood must not keep the clock from that.
    private static let messagesAtATime = 256

    /// Takes in what ZeroMQ has received.
    private func receiveMessages(_ observer: (TrainingObservation) -> Void) throws {
        for _ in 0..<Self.messagesAtATime {
            guard let message = try socket.receive(frameLimit: mostFrames) else { return }
            guard let peer = message.first else { continue }
            let id = PeerID([UInt8](peer.unsafeBytes))
            let event: CoordinatorEvent
            do throws(ProtocolViolation) {
                event = .received(from: id, frames: try Check.removing(from: message.dropFirst().map { Frame($0) }))
            } catch {
                event = .unreadable(from: id, error)
            }
            try handle(event, observer)
        }
    }

    /// Takes in what has come by direct lines, and new ones.
    private func receiveFromLines(_ readable: [Int32], _ observer: (TrainingObservation) -> Void) throws {
        for (peer, line, isReadable) in lines.linesWithNews(readable: readable) {
            try trace.recording(.receive) { try handle(line.receive(isReadable: isReadable), of: peer, observer) }
        }
        if !readable.isEmpty { lines.accept(readable, now: MonotonicClock.now) }
    }

    /// Takes in one message of a direct line: if there are more, the next wait ends at once, and others have had their turn.
    private func handle(_ arrival: Arrival, of peer: PeerID, _ observer: (TrainingObservation) -> Void) throws {
        switch arrival {
        case .nothing, .ahead, .released: return
        case .message(let frames): try handle(.received(from: peer, frames: frames), observer)
        case .unreadable(let violation): try handle(.unreadable(from: peer, violation), observer)
        case .end:
            lines.closeLine(to: peer)
            try handle(.undeliverable(to: peer), observer)
        }
    }

    /// Room for a few times the largest result, so that a stranger cannot make the coordinator take in gigabytes.
    private static func largestResult(of jobs: [TrainingJob]) -> Int {
        jobs.reduce(1 << 20) { max($0, $1.model.parameterCount * 16) }
    }

    private func handle(_ event: CoordinatorEvent, _ observer: (TrainingObservation) -> Void) throws {
        var events = [event]
        while let event = events.popLast() {
            let actions = machine.handle(event, now: MonotonicClock.now)
            // Workers wait for their messages, nobody for the rest.
            for case .send(let frames, let peer) in actions {
                if try !trace.recording(.send, { try send(frames, to: peer) }) { events.append(.undeliverable(to: peer)) }
            }
            for action in actions {
                switch action {
                case .send: break
                case .log(let level, let line): logger.log(level: Logger.Level(level), "\(line)")
                case .observe(let observation): trace.recording(.report) { observer(observation) }
                case .checkpoint(let job, let state): keep(job, state)
                case .finish(let end):
                    self.end = end
                    lastFarewell = MonotonicClock.now + .seconds(1)
                }
            }
        }
        // The core of an idle worker of this machine is free.
        if machine.hasIdleWorker(among: { lines.line(to: $0) != nil }) { alertness.begin() } else { alertness.end() }
    }

    /// - Returns: Whether the message was taken; if not, the peer is gone or has stopped reading.
    private func send(_ frames: [Frame], to peer: PeerID) throws -> Bool {
        if let line = lines.line(to: peer) { return line.send(frames) }
        var messages = [try Message.carrying(Frame(bytes: peer.bytes))]
        for frame in Check.adding(to: frames.map(\.contiguous)) { messages.append(try Message.carrying(frame)) }
        return try socket.send(messages) == .taken
    }

    private static func advice(on error: ZeroMQError) -> String {
        switch error.code {
        case EADDRINUSE: "the port is in use. Choose another one, * for any that is free, or stop the program that listens there."
        case EADDRNOTAVAIL, ENODEV: "this machine has no such address. Use one of its own, or 0.0.0.0 for all."
        case EACCES, EPERM: "this user may not listen there. Choose a port from 1024 on, or a path in a directory of your own."
        case ENOENT, ENOTDIR: "the path's directory does not exist."
        default: "\(error)"
        }
    }
}

extension Logger.Level {
    fileprivate init(_ level: CoordinatorLogLevel) {
        switch level {
        case .debug: self = .debug
        case .info: self = .info
        case .warning: self = .warning
        }
    }
}
