import ForeignText

/// What a worker sends to its coordinator.
package enum WorkerMessage: Sendable {
    /// The worker offers itself; the first message of a connection.
    case hello(WorkerIntroduction)
    /// A piece of work is done.
    case result(PieceResult)
    /// A piece of work cannot be done, with the reason.
    case declined(run: UInt64, piece: UInt64, reason: String)
    /// The worker leaves, with the reason.
    case goodbye(String)
    /// The worker is alive.
    case heartbeat(WorkerProgress)
}

/// Who a worker is.
package struct WorkerIntroduction: Sendable, Hashable {
    /// Name of the arithmetic the worker follows.
    package var profile: String
    /// Instruction set it computes with; for people.
    package var instructionSet: String
    package var host: String
    package var processID: UInt32
    /// Pieces of work it is willing to hold, at least 1.
    package var slots: Int

    package init(profile: String, instructionSet: String, host: String, processID: UInt32, slots: Int) {
        self.profile = profile
        self.instructionSet = instructionSet
        self.host = host
        self.processID = processID
        self.slots = slots
    }

    /// `host:pid`, as log lines name the worker.
    package var name: String { "\(host):\(processID)" }
}

/// How far a worker has come.
package struct WorkerProgress: Sendable, Hashable {
    package var run: UInt64
    /// Pieces finished since the worker was welcomed.
    package var piecesDone: UInt64
    /// The piece it computes, 0 for none.
    package var piece: UInt64
    /// Quanta of that piece finished.
    package var quantaDone: Int

    package init(run: UInt64, piecesDone: UInt64, piece: UInt64, quantaDone: Int) {
        self.run = run
        self.piecesDone = piecesDone
        self.piece = piece
        self.quantaDone = quantaDone
    }
}

/// What a piece of work came to.
package struct PieceResult: Sendable {
    package var run: UInt64
    package var piece: UInt64
    package var job: Int
    package var step: Int
    /// The piece's quanta within its mini-batch.
    package var quanta: Range<Int>
    /// Name of the parameters it was computed with.
    package var parameters: UInt64
    /// Sum of the samples' cross entropies.
    package var lossSum: Double
    /// Samples classified correctly.
    package var correct: Int
    /// Training: the gradient of the loss sum, flat float32, channels-last (`SmallCNN.channelsLast`). Evaluation: each sample's predicted class, uint32.
    package var values: Frame

    package init(
        run: UInt64, piece: UInt64, job: Int, step: Int, quanta: Range<Int>, parameters: UInt64, lossSum: Double, correct: Int,
        values: Frame
    ) {
        self.run = run
        self.piece = piece
        self.job = job
        self.step = step
        self.quanta = quanta
        self.parameters = parameters
        self.lossSum = lossSum
        self.correct = correct
        self.values = values
    }
}

extension WorkerMessage {
    /// The message's frames.
    package func frames() -> [Frame] {
        var envelope = WireEnvelope()
        switch self {
        case .hello(let introduction):
            var hello = WireHello()
            hello.profile = introduction.profile
            hello.instructionSet = introduction.instructionSet
            hello.host = introduction.host
            hello.pid = introduction.processID
            hello.slots = UInt32(clamping: introduction.slots)
            envelope.hello = hello
        case .result(let result): return [ResultHeader(result).frame, result.values]
        case .declined(let run, let piece, let reason):
            var declined = WireDeclined()
            declined.run = run
            declined.piece = piece
            declined.reason = reason
            envelope.declined = declined
        case .goodbye(let sentence):
            envelope.goodbye.sentence = sentence
        case .heartbeat(let progress):
            var heartbeat = WireHeartbeat()
            heartbeat.run = progress.run
            heartbeat.piecesDone = progress.piecesDone
            heartbeat.piece = progress.piece
            heartbeat.quantaDone = UInt32(clamping: progress.quantaDone)
            envelope.heartbeat = heartbeat
        }
        return [Header.frame(&envelope)]
    }

    /// Reads a message that arrived at the coordinator. Only its form is checked here: whether a result fits the work that was given is the coordinator's to say.
    package init(frames: [Frame]) throws(ProtocolViolation) {
        if frames.count == 2, let header = ResultHeader(frames[0]) {
            self = .result(PieceResult(header, values: frames[1]))
            return
        }
        let message = try Header.message(of: frames)
        let expectedFrames = if case .result = message { 2 } else { 1 }
        guard frames.count == expectedFrames else {
            throw .malformed("\(Header.name(of: message)) has \(frames.count) frames and must have \(expectedFrames)")
        }
        switch message {
        case .hello(let hello):
            guard (1...1024).contains(hello.slots) else { throw .malformed("HELLO offers \(hello.slots) slots; 1 to 1024 are possible") }
            self = .hello(
                WorkerIntroduction(
                    profile: hello.profile.fitForLog, instructionSet: hello.instructionSet.fitForLog, host: hello.host.fitForLog,
                    processID: hello.pid, slots: Int(hello.slots)))
        case .result(let result): self = .result(PieceResult(ResultHeader(result), values: frames[1]))
        case .declined(let declined):
            self = .declined(run: declined.run, piece: declined.piece, reason: declined.reason.reason)
        case .goodbye(let goodbye):
            self = .goodbye(goodbye.sentence.reason)
        case .heartbeat(let heartbeat):
            self = .heartbeat(
                WorkerProgress(
                    run: heartbeat.run, piecesDone: heartbeat.piecesDone, piece: heartbeat.piece, quantaDone: Int(heartbeat.quantaDone)))
        case .refusal, .welcome, .work, .reintroduce, .stop:
            throw .malformed("a worker never sends \(Header.name(of: message))")
        }
    }
}

extension PieceResult {
    fileprivate init(_ header: ResultHeader, values: Frame) {
        let first = Int(header.firstQuantum)
        self.init(
            run: header.run, piece: header.piece, job: Int(header.job), step: Int(header.step),
            quanta: first..<first + Int(header.quantumCount), parameters: header.parameters, lossSum: header.lossSum,
            correct: Int(header.correct), values: values)
    }
}
