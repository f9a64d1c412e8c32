package import CNNCore

/// What the coordinator sends to a worker.
package enum CoordinatorMessage: Sendable {
    /// The worker is taken; whatever work and parameters it held count no more.
    case welcome(Welcome)
    /// The worker is not taken, with the reason; it ends.
    case refusal(String)
    /// A piece of work.
    case work(PieceOfWork)
    /// The coordinator does not know the sender, who is to connect anew and say HELLO.
    case reintroduce
    /// There is no more work, with the reason; the worker ends.
    case stop(String)
    /// The coordinator is alive.
    case heartbeat(run: UInt64)
}

/// The terms on which a worker is taken.
package struct Welcome: Sendable, Hashable {
    /// Names this run of the coordinator.
    package var run: UInt64
    /// Each side sends something at least this often.
    package var heartbeatInterval: Duration
    /// A side that has heard nothing for this long takes the other for lost.
    package var silenceLimit: Duration

    package init(run: UInt64, heartbeatInterval: Duration, silenceLimit: Duration) {
        self.run = run
        self.heartbeatInterval = heartbeatInterval
        self.silenceLimit = silenceLimit
    }
}

/// What is to be computed of a piece's samples.
package enum PieceKind: Sendable, Hashable {
    /// Loss, correct predictions and gradient, with dropout.
    case train
    /// Loss, correct predictions and the predictions, without dropout.
    case evaluate
}

/// A piece of work, complete in itself but for parameters that the worker has already.
package struct PieceOfWork: Sendable {
    package var run: UInt64
    /// Names this assignment; never used twice in a run.
    package var piece: UInt64
    package var job: Int
    package var kind: PieceKind
    package var model: SmallCNN
    /// The job's seed, the key of the dropout masks.
    package var seed: UInt64
    /// Training: the step within the job. Evaluation: the batch within the pass.
    package var step: Int
    /// Samples of the whole mini-batch.
    package var batchSize: Int
    /// The piece's quanta within the mini-batch.
    package var quanta: Range<Int>
    package var normalization: Normalization
    /// Names the parameters within the run.
    package var parametersID: UInt64
    /// The parameters, flat float32, channels-last (`SmallCNN.channelsLast`); nil if the worker has them.
    package var parameters: Frame?
    /// The piece's images: (sample, row, column) uint8.
    package var pixels: Frame
    /// The piece's labels, uint8.
    package var labels: Frame

    package init(
        run: UInt64, piece: UInt64, job: Int, kind: PieceKind, model: SmallCNN, seed: UInt64, step: Int, batchSize: Int, quanta: Range<Int>,
        normalization: Normalization, parametersID: UInt64, parameters: Frame?, pixels: Frame, labels: Frame
    ) {
        self.run = run
        self.piece = piece
        self.job = job
        self.kind = kind
        self.model = model
        self.seed = seed
        self.step = step
        self.batchSize = batchSize
        self.quanta = quanta
        self.normalization = normalization
        self.parametersID = parametersID
        self.parameters = parameters
        self.pixels = pixels
        self.labels = labels
    }

    /// Number of the piece's samples.
    package var sampleCount: Int { Quanta.samples(of: quanta, batch: batchSize).count }
}

extension CoordinatorMessage {
    /// The message's frames.
    package func frames() -> [Frame] {
        var envelope = WireEnvelope()
        switch self {
        case .welcome(let terms):
            var welcome = WireWelcome()
            welcome.run = terms.run
            welcome.heartbeatMilliseconds = terms.heartbeatInterval.wholeMilliseconds
            welcome.silenceMilliseconds = terms.silenceLimit.wholeMilliseconds
            envelope.welcome = welcome
        case .refusal(let sentence):
            envelope.refusal.sentence = sentence
        case .work(let piece):
            let frames = [WorkHeader(piece).frame, piece.pixels, piece.labels]
            return piece.parameters.map { frames + [$0] } ?? frames
        case .reintroduce:
            envelope.reintroduce = WireReintroduce()
        case .stop(let sentence):
            envelope.stop.sentence = sentence
        case .heartbeat(let run):
            envelope.heartbeat.run = run
        }
        return [Header.frame(&envelope)]
    }

    /// Reads a message that arrived at a worker. A piece of work is checked in full: its numbers, and its frames against its model.
    package init(frames: [Frame]) throws(ProtocolViolation) {
        if let header = frames.first.flatMap({ WorkHeader($0) }) {
            self = .work(try PieceOfWork(header, frames: frames))
            return
        }
        let message = try Header.message(of: frames)
        if case .work(let work) = message {
            self = .work(try PieceOfWork(WorkHeader(work), frames: frames))
            return
        }
        guard frames.count == 1 else {
            throw .malformed("\(Header.name(of: message)) has \(frames.count) frames and must have 1")
        }
        switch message {
        case .welcome(let welcome):
            guard welcome.heartbeatMilliseconds > 0, welcome.silenceMilliseconds > welcome.heartbeatMilliseconds else {
                throw .malformed(
                    "WELCOME asks for a heartbeat every \(welcome.heartbeatMilliseconds) ms and allows \(welcome.silenceMilliseconds) ms of silence"
                )
            }
            self = .welcome(
                Welcome(
                    run: welcome.run, heartbeatInterval: .milliseconds(welcome.heartbeatMilliseconds),
                    silenceLimit: .milliseconds(welcome.silenceMilliseconds)))
        case .refusal(let refusal): self = .refusal(refusal.sentence.reason)
        case .reintroduce: self = .reintroduce
        case .stop(let stop): self = .stop(stop.sentence.reason)
        case .heartbeat(let heartbeat): self = .heartbeat(run: heartbeat.run)
        case .work, .hello, .result, .declined, .goodbye:
            throw .malformed("a coordinator never sends \(Header.name(of: message))")
        }
    }
}

extension PieceOfWork {
    fileprivate init(_ work: WorkHeader, frames: [Frame]) throws(ProtocolViolation) {
        let kind: PieceKind
        switch work.kind {
        case .train: kind = .train
        case .evaluate: kind = .evaluate
        case .unspecified, .UNRECOGNIZED: throw .malformed("WORK is of unknown kind \(work.kind.rawValue)")
        }
        let model: SmallCNN
        do {
            model = try SmallCNN(
                firstChannels: Int(work.model.firstChannels), secondChannels: Int(work.model.secondChannels),
                kernelSize: Int(work.model.kernelSize), classes: Int(work.model.classes), height: Int(work.model.height),
                width: Int(work.model.width), dropout: work.model.dropout)
        } catch {
            throw .malformed("WORK has a model that cannot be built. \(error)")
        }
        let batchSize = Int(work.batchSize)
        guard (1...TrainingProtocol.largestBatch).contains(batchSize) else {
            throw .malformed("WORK has a mini-batch of \(batchSize) samples; 1 to \(TrainingProtocol.largestBatch) are possible")
        }
        let quanta = Int(work.firstQuantum)..<Int(work.firstQuantum) + Int(work.quantumCount)
        guard !quanta.isEmpty, quanta.upperBound <= Quanta.count(samples: batchSize) else {
            throw .malformed("WORK has quanta \(quanta) of a mini-batch of \(batchSize) samples")
        }
        guard work.mean.isFinite, work.standardDeviation.isFinite, work.standardDeviation > 0 else {
            throw .malformed("WORK normalises by mean \(work.mean) and standard deviation \(work.standardDeviation)")
        }
        let frameCount = work.parametersAttached ? 4 : 3
        guard frames.count == frameCount else {
            throw .malformed("WORK has \(frames.count) frames and must have \(frameCount)")
        }
        let samples = Quanta.samples(of: quanta, batch: batchSize).count
        guard frames[1].count == samples * model.height * model.width else {
            throw .malformed(
                "WORK has \(frames[1].count) bytes of pixels for \(samples) images of \(model.height)x\(model.width)")
        }
        guard frames[2].count == samples else { throw .malformed("WORK has \(frames[2].count) labels for \(samples) images") }
        let largest = frames[2].withUnsafeBytes { $0.max() ?? 0 }
        guard Int(largest) < model.classes else {
            throw .malformed("WORK has a label \(largest), and its model has \(model.classes) classes")
        }
        if work.parametersAttached {
            guard frames[3].count == model.parameterCount * MemoryLayout<Float>.size else {
                throw .malformed("WORK has \(frames[3].count) bytes of parameters for a model with \(model.parameterCount)")
            }
        }
        self.init(
            run: work.run, piece: work.piece, job: Int(work.job), kind: kind, model: model, seed: work.seed, step: Int(work.step),
            batchSize: batchSize, quanta: quanta,
            normalization: Normalization(mean: work.mean, standardDeviation: work.standardDeviation), parametersID: work.parameters,
            parameters: work.parametersAttached ? frames[3] : nil, pixels: frames[1], labels: frames[2])
    }
}

extension Duration {
    /// The duration in whole milliseconds, at most what 32 bits hold.
    fileprivate var wholeMilliseconds: UInt32 { UInt32(clamping: self / .milliseconds(1) < 4e9 ? Int64(self / .milliseconds(1)) : .max) }
}
