package import CNNCore
package import Logging
package import Tracing
import TrainingProtocol
package import Worker

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// A worker and its connection. Made and run on one thread.
package final class WorkerShell {
    package let handle: WorkerHandle
    private let lifeline: Int32?
    private let logger: Logger
    private let trace: TraceRecorder?
    private let connection: WorkerConnection
    private var machine: WorkerMachine
    private let computer: PieceComputer
    private var end: WorkerEnd?
    private var alertness = Alertness()
    /// What came ahead of its time: its frames, and what they say if that can be understood.
    private var ahead: (frames: [Frame], message: CoordinatorMessage?) = ([], nil)

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
        connection = WorkerConnection(try Endpoint(endpoint)) { logger.warning("\($0)") }
        handle = try WorkerHandle()
        self.lifeline = lifeline
        self.logger = logger
        self.trace = trace
        let introduction = WorkerIntroduction(
            profile: TrainingProtocol.profile, instructionSet: instructionSet.rawValue, host: hostName(),
            processID: UInt32(bitPattern: getpid()), slots: 2)
        machine = WorkerMachine(
            settings: WorkerSettings(endpoint: endpoint, introduction: introduction, giveUpAfter: giveUpAfter), now: MonotonicClock.now)
        computer = PieceComputer(instructionSet: instructionSet, makeFrame: connection.draft)
        try connection.open()
    }

    /// Works until there is no more work, nobody gives any, or it is told to end.
    ///
    /// Blocks its thread, which must not be one of Swift's concurrency pool.
    ///
    /// - Throws: `ZeroMQError` or ``TransportError`` if no connection can be asked for.
    package func run() throws -> WorkerEnd {
        let descriptors = [handle.mailbox.descriptor] + (lifeline.map { [$0] } ?? [])
        while true {
            let readiness = try trace.recording(.wait) { try wait(descriptors) }
            if let lifeline, readiness.descriptors.contains(lifeline) {
                return .left("The process that started this worker has ended.")
            }
            if readiness.isConnected, machine.awaitsConnection { try handle(.connected) }
            if readiness.isReadable { try trace.recording(.receive) { try receiveMessages() } }
            if readiness.descriptors.contains(handle.mailbox.descriptor), let sentence = handle.mailbox.takeAll().first {
                try handle(.leaveRequested(sentence))
            }
            try handle(.tick)
            if end == nil, let piece = machine.beginPiece() { try compute(piece) }
            if let end { return end }
        }
    }

    /// Waits for something to do, or for time to pass.
    private func wait(_ descriptors: [Int32]) throws -> WorkerConnection.Readiness {
        func wait(_ timeout: Int) throws -> WorkerConnection.Readiness {
            try connection.wait(isAwaited: machine.awaitsConnection, descriptors: descriptors, timeout: timeout)
        }
        while !machine.hasWork, alertness.isAlert {
            let readiness = try wait(0)
            if !readiness.isNothing { return readiness }
            // Others may need the core, the coordinator among them.
            sched_yield()
        }
        return try wait(machine.hasWork ? 0 : 100)
    }

    private func receiveMessages() throws {
        while end == nil {
            switch try connection.receive() {
            case .nothing: return
            case .message(let frames): try handle(.received(frames))
            case .ahead(let frames): readAhead(frames)
            case .released:
                let event: WorkerEvent = ahead.message.map { .understood($0) } ?? .received(ahead.frames)
                ahead = ([], nil)
                try handle(event)
            case .unreadable(let violation): return try handle(.unreadable(violation))
            case .end: return try handle(.undeliverable)
            }
        }
    }

    /// Does what can be done with a message before it arrives.
    private func readAhead(_ frames: [Frame]) {
        ahead = (frames, try? CoordinatorMessage(frames: frames))
        guard case .work(var piece)? = ahead.message else { return }
        piece.pixels = piece.pixels.contiguous
        ahead.message = .work(piece)
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
        alertness.begin()
    }

    private func handle(_ event: WorkerEvent) throws {
        var events = [event]
        while let event = events.popLast() {
            for action in machine.handle(event, now: MonotonicClock.now) {
                switch action {
                case .connect:
                    // What came ahead came by the connection that is given up.
                    ahead = ([], nil)
                    try connection.open()
                case .send(let frames):
                    if try !trace.recording(.send, { try connection.send(frames) }) { events.append(.undeliverable) }
                case .log(let line): logger.info("\(line)")
                case .finish(let end):
                    // A farewell may still be on its way.
                    try connection.linger()
                    self.end = end
                }
            }
        }
    }
}
