import CNNCore
package import TrainingProtocol

/// A worker: offers itself to a coordinator, and computes the pieces of work it is sent, one after the other.
///
/// It is a state machine without sockets, clocks or threads, like the coordinator; the computing itself is `PieceComputer`'s.
package struct WorkerMachine {
    private enum State {
        /// A connection has been asked for.
        case connecting
        /// HELLO was sent at this time, and no answer has come.
        case introduced(Duration)
        /// The coordinator has taken the worker on these terms.
        case serving(Welcome)
        /// The next connection is asked for at this time.
        case pausing(until: Duration)
        case finished
    }

    private let settings: WorkerSettings
    private var state = State.connecting
    /// Pieces that wait to be computed, their parameters found.
    private var queue: [PieceOfWork] = []
    /// The piece that is computed, and how far that is.
    private var current: (piece: UInt64, quantaDone: Int)?
    /// The parameters received last, the oldest first.
    private var held: [(id: UInt64, values: Frame)] = []
    private var piecesDone: UInt64 = 0
    private var lastHeard: Duration
    private var lastSent: Duration
    private var lastConnection: Duration
    private var lastEvent: Duration
    private var hasLoggedForeign = false

    /// A worker whose first connection has been asked for.
    ///
    /// - Parameter now: Time since any fixed moment, by a clock that never jumps.
    package init(settings: WorkerSettings, now: Duration) {
        self.settings = settings
        lastHeard = now
        lastSent = now
        lastConnection = now
        lastEvent = now
    }

    /// Whether the worker waits for a connection, and for the event that tells it.
    package var awaitsConnection: Bool { if case .connecting = state { true } else { false } }

    /// Whether there is a piece to be computed.
    package var hasWork: Bool { current == nil && !queue.isEmpty }

    /// Takes the next piece to compute, its parameters with it; the event `computed` must follow before the next one is taken.
    package mutating func beginPiece() -> PieceOfWork? {
        guard hasWork else { return nil }
        let piece = queue.removeFirst()
        current = (piece.piece, 0)
        return piece
    }

    /// Takes an event and returns what is to be done, in order.
    package mutating func handle(_ event: WorkerEvent, now: Duration) -> [WorkerAction] {
        if case .finished = state { return [] }
        forgiveStandstill(now: now)
        switch event {
        case .connected:
            guard awaitsConnection else { return [] }
            state = .introduced(now)
            return [send(.hello(settings.introduction), now: now)]
        case .received(let frames):
            do throws(ProtocolViolation) {
                return receive(try CoordinatorMessage(frames: frames), now: now)
            } catch {
                return reject(error, now: now)
            }
        case .understood(let message): return receive(message, now: now)
        case .unreadable(let violation):
            switch (state, violation) {
            case (.serving, _), (_, .damaged): break
            default: return reject(violation, now: now)
            }
            // No coordinator of this version has sent it so: the connection is out of step.
            return [.log("A message of the coordinator at \(settings.endpoint) was damaged on its way; connecting anew.")]
                + reconnect(now: now)
        case .undeliverable:
            return awaitsConnection ? [] : reconnect(now: now)
        case .progressed(let quantaDone):
            current?.quantaDone = quantaDone
            return heartbeatIfDue(now: now)
        case .computed(let result):
            defer { current = nil }
            // The coordinator may have begun anew meanwhile: then nobody waits for this result.
            guard case .serving(let terms) = state, terms.run == result.run, current?.piece == result.piece else { return [] }
            piecesDone += 1
            return [send(.result(result), now: now)]
        case .leaveRequested(let sentence):
            let farewell: [WorkerAction] = if case .serving = state { [send(.goodbye(sentence), now: now)] } else { [] }
            return farewell + finish(.left(sentence))
        case .tick: return tick(now: now)
        }
    }

    // MARK: What the coordinator says

    private mutating func receive(_ message: CoordinatorMessage, now: Duration) -> [WorkerAction] {
        lastHeard = now
        switch message {
        case .welcome(let terms):
            state = .serving(terms)
            reset()
            return [.log("Joined the coordinator at \(settings.endpoint).")]
        case .refusal(let sentence): return finish(.refused("The coordinator at \(settings.endpoint) refused this worker. \(sentence)"))
        case .stop(let sentence): return [send(.goodbye("All work is done."), now: now)] + finish(.stopped(sentence))
        case .reintroduce: return reconnect(now: now)
        case .heartbeat: return []
        case .work(var piece):
            guard case .serving(let terms) = state, terms.run == piece.run else { return [] }
            // What waits must fit in memory, whatever the coordinator sends.
            guard queue.count < settings.introduction.slots else {
                return [send(.declined(run: piece.run, piece: piece.piece, reason: "\(queue.count) pieces wait already"), now: now)]
            }
            if let parameters = piece.parameters {
                held.append((piece.parametersID, parameters.aligned(to: MemoryLayout<Float>.alignment)))
                if held.count > TrainingProtocol.keptParameters { held.removeFirst() }
            }
            guard let parameters = held.last(where: { $0.id == piece.parametersID })?.values else {
                return [
                    send(
                        .declined(run: piece.run, piece: piece.piece, reason: "it does not have parameters \(piece.parametersID)"), now: now
                    )
                ]
            }
            guard parameters.count == piece.model.parameterCount * MemoryLayout<Float>.size else {
                return [
                    send(
                        .declined(
                            run: piece.run, piece: piece.piece,
                            reason:
                                "parameters \(piece.parametersID) have \(parameters.count) bytes, and the model has \(piece.model.parameterCount)"
                        ),
                        now: now)
                ]
            }
            piece.parameters = parameters
            queue.append(piece)
            return []
        }
    }

    /// Does without a message that breaks the protocol.
    private mutating func reject(_ violation: ProtocolViolation, now: Duration) -> [WorkerAction] {
        switch violation {
        case .foreign:
            defer { hasLoggedForeign = true }
            return hasLoggedForeign ? [] : [.log("Ignoring a message at \(settings.endpoint) that is not a coordinator's. \(violation)")]
        case .version, .malformed, .damaged:
            let sentence = "What answers at \(settings.endpoint) cannot be understood. \(violation)"
            return [send(.goodbye(sentence), now: now)] + finish(.refused(sentence))
        }
    }

    // MARK: Time

    /// Longer than between any two events of a process that runs; each quantum that is computed is one.
    private static let standstill = Duration.seconds(1)

    /// Does not take a coordinator for lost because whoever owns the machine stood still: what arrived meanwhile may not have been read yet.
    private mutating func forgiveStandstill(now: Duration) {
        defer { lastEvent = now }
        let gap = now - lastEvent
        guard gap > Self.standstill else { return }
        lastHeard += gap
        if case .introduced(let sent) = state { state = .introduced(sent + gap) }
        if awaitsConnection { lastConnection += gap }
    }

    private mutating func tick(now: Duration) -> [WorkerAction] {
        if let limit = settings.giveUpAfter, now - lastHeard >= limit {
            return finish(
                .gaveUp("No coordinator was heard at \(settings.endpoint) for \(limit). Check that it runs and that the address is right."))
        }
        switch state {
        case .finished: return []
        case .connecting:
            // libzmq never again tries a connection whose other end has sent what is not ZeroMQ's.
            return now - lastConnection >= settings.connectionPatience ? connect(now: now) : []
        case .introduced(let sent): return now - sent >= settings.helloPatience ? reconnect(now: now) : []
        case .pausing(let end): return now >= end ? connect(now: now) : []
        case .serving(let terms):
            if now - lastHeard > terms.silenceLimit {
                return [.log("The coordinator at \(settings.endpoint) was silent for \(terms.silenceLimit); connecting anew.")]
                    + reconnect(now: now)
            }
            return heartbeatIfDue(now: now)
        }
    }

    private mutating func heartbeatIfDue(now: Duration) -> [WorkerAction] {
        guard case .serving(let terms) = state, now - lastSent >= terms.heartbeatInterval else { return [] }
        let progress = WorkerProgress(
            run: terms.run, piecesDone: piecesDone, piece: current?.piece ?? 0, quantaDone: current?.quantaDone ?? 0)
        return [send(.heartbeat(progress), now: now)]
    }

    // MARK: Steps

    private mutating func send(_ message: WorkerMessage, now: Duration) -> WorkerAction {
        lastSent = now
        return .send(message.frames())
    }

    private mutating func reconnect(now: Duration) -> [WorkerAction] {
        reset()
        let earliest = lastConnection + settings.reconnectInterval
        if now >= earliest { return connect(now: now) }
        state = .pausing(until: earliest)
        return []
    }

    private mutating func connect(now: Duration) -> [WorkerAction] {
        lastConnection = now
        state = .connecting
        return [.connect]
    }

    private mutating func finish(_ end: WorkerEnd) -> [WorkerAction] {
        state = .finished
        reset()
        return [.finish(end)]
    }

    /// Forgets the work and the parameters it holds; the result of the piece that is computed will not be sent.
    private mutating func reset() {
        queue = []
        held = []
        piecesDone = 0
        current?.piece = 0
    }
}
