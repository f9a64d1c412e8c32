package import CNNCore
package import Logging
import SharedMemory
package import Tracing
import TrainingProtocol
package import Worker
import ZeroMQ

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// Tells a running worker to end; from any thread.
package final class WorkerHandle: Sendable {
    let mailbox: Mailbox<String>

    init() throws(TransportError) { mailbox = try Mailbox() }

    /// Ends the worker when its current piece is done; its other work goes to others. `run` returns `.left`.
    package func leave(_ sentence: String) { mailbox.put(sentence) }
}

/// A worker over a ZeroMQ socket. Made and run on one thread.
package final class WorkerShell {
    package let handle: WorkerHandle
    private let endpoint: String
    private let lifeline: Int32?
    private let logger: Logger
    private let trace: TraceRecorder?
    private let context: Context
    private var socket: Socket
    private var machine: WorkerMachine
    private let computer: PieceComputer
    private let sharing: WorkerSharing
    private var end: WorkerEnd?
    /// Until then the worker does not go to sleep.
    private var alertUntil = Duration.zero

    /// Begins to connect to a coordinator, which need not be there yet.
    ///
    /// - Parameters:
    ///   - endpoint: Where the coordinator listens.
    ///   - instructionSet: What to compute with.
    ///   - giveUpAfter: How long to go on without hearing a coordinator; nil for ever.
    ///   - lifeline: A file descriptor, the read end of a pipe whose write end only the parent process holds: when it comes to its end, the parent is gone and
    ///     the worker ends at once. Not closed here.
    ///   - trace: Records what the worker does.
    /// - Throws: ``TransportError`` if the endpoint is none.
    package init(
        endpoint: String, instructionSet: InstructionSet, giveUpAfter: Duration?, lifeline: Int32?, logger: Logger,
        trace: TraceRecorder? = nil
    ) throws {
        sharing = WorkerSharing(isLocal: try Endpoint(endpoint).isIPC)
        handle = try WorkerHandle()
        self.endpoint = endpoint
        self.lifeline = lifeline
        self.logger = logger
        self.trace = trace
        let introduction = WorkerIntroduction(
            profile: TrainingProtocol.profile, instructionSet: instructionSet.rawValue, host: hostName(),
            processID: UInt32(bitPattern: getpid()), slots: 2)
        machine = WorkerMachine(
            settings: WorkerSettings(endpoint: endpoint, introduction: introduction, giveUpAfter: giveUpAfter), now: MonotonicClock.now)
        computer = PieceComputer(instructionSet: instructionSet, makeFrame: sharing.frame)
        context = try Context()
        socket = try Self.makeSocket(in: context)
        try connect()
    }

    /// Works until there is no more work, nobody gives any, or it is told to end.
    ///
    /// Blocks its thread, which must not be one of Swift's concurrency pool.
    ///
    /// - Throws: `ZeroMQError` if the socket fails.
    package func run() throws -> WorkerEnd {
        let descriptors = [handle.mailbox.descriptor] + (lifeline.map { [$0] } ?? [])
        while true {
            let result = try trace.recording(.wait) { try wait(descriptors) }
            if let lifeline, result.readableDescriptors.contains(lifeline) {
                return .left("The process that started this worker has ended.")
            }
            if result.writable, machine.awaitsConnection { try handle(.connected) }
            try trace.recording(.receive) {
                while end == nil, let message = try socket.receive(frameLimit: Self.frameLimit) {
                    try take(message.map { Frame($0) })
                }
            }
            if result.readableDescriptors.contains(handle.mailbox.descriptor), let sentence = handle.mailbox.takeAll().first {
                try handle(.leaveRequested(sentence))
            }
            try handle(.tick)
            if end == nil, let piece = machine.beginPiece() { try compute(piece) }
            if let end { return end }
        }
    }

    /// How long a worker that has just sent a result looks for more work without going to sleep: a process that sleeps takes longer to wake than the coordinator
    /// takes for a step.
    private static let alertness = Duration.milliseconds(1)

    /// Waits for something to do, or for time to pass.
    private func wait(_ descriptors: [Int32]) throws -> PollResult {
        func poll(_ timeout: Int) throws -> PollResult {
            try socket.poll(writable: machine.awaitsConnection, descriptors: descriptors, timeout: timeout)
        }
        while !machine.hasWork, MonotonicClock.now < alertUntil {
            let result = try poll(0)
            if result.readable || result.writable || !result.readableDescriptors.isEmpty { return result }
            // Others may need the core, this worker's own transport among them.
            sched_yield()
        }
        return try poll(machine.hasWork ? 0 : 100)
    }

    /// Most frames of a message that are looked at.
    private static let frameLimit = 8

    private func take(_ frames: [Frame]) throws {
        do {
            if let frames = try sharing.received(Check.removing(from: frames)) { try handle(.received(frames)) }
        } catch let violation as ProtocolViolation {
            try handle(.unreadable(violation))
        } catch let error as SharedMemoryError {
            logger.warning("Going on without shared memory: \(error).")
            try handle(.undeliverable)
        }
    }

    private func compute(_ piece: PieceOfWork) throws {
        var failure: (any Error)?
        let result = trace.recording(.compute, job: piece.job, step: piece.step) {
            computer.compute(piece) { quantaDone in
                do { try handle(.progressed(quantaDone: quantaDone)) } catch { failure = error }
            }
        }
        if let failure { throw failure }
        try handle(.computed(result))
        alertUntil = MonotonicClock.now + Self.alertness
    }

    private func handle(_ event: WorkerEvent) throws {
        var events = [event]
        while let event = events.popLast() {
            for action in machine.handle(event, now: MonotonicClock.now) {
                switch action {
                case .connect:
                    socket = try Self.makeSocket(in: context)
                    try connect()
                case .send(let frames):
                    let delivery = try trace.recording(.send) {
                        try socket.send(Check.adding(to: sharing.sending(frames)).map { try Message.carrying($0) })
                    }
                    if delivery != .taken { events.append(.undeliverable) }
                case .log(let line): logger.info("\(line)")
                case .finish(let end):
                    // A farewell may still be on its way.
                    try socket.set(.linger, to: 200)
                    self.end = end
                }
            }
        }
    }

    private func connect() throws {
        sharing.begin()
        do {
            try socket.connect(endpoint)
        } catch {
            throw TransportError(description: "Cannot connect to \(endpoint): \(error)")
        }
    }

    private static func makeSocket(in context: Context) throws -> Socket {
        // Immediate: without a connection there is no room to send, so that HELLO never waits in a queue.
        try Socket(
            .dealer, in: context,
            options: commonOptions(linger: 0, largestFrame: largestFrame)
                .merging([.immediate: 1, .reconnectInterval: 100, .reconnectIntervalMaximum: 2000, .connectTimeout: 5000]) { $1 })
    }
}
