import CNNCore
import TrainingProtocol

/// What workers send, as the coordinator decodes it.
func workerMessageTarget() -> DecoderTarget {
    DecoderTarget(name: "worker-messages", share: 200, corpus: SampleMessages.worker(run: 7).map(bytes), mutate: mutate) { input in
        let message = try WorkerMessage(frames: frames(input))
        if case .result(let result) = message {
            try require(result.quanta.count >= 0 && result.values.floats().count <= input[1].count, "a result's sizes are wrong")
        }
        let written = message.frames()
        let again = try WorkerMessage(frames: written).frames()
        try require(bytes(again) == bytes(written), "the message changes when it is written and read again")
    }
}

/// What the coordinator sends, as workers decode it.
func coordinatorMessageTarget() throws -> DecoderTarget {
    let corpus = try SampleMessages.coordinator(run: 7).map(bytes)
    return DecoderTarget(name: "coordinator-messages", share: 200, corpus: corpus, mutate: mutate) { input in
        let message = try CoordinatorMessage(frames: frames(input))
        if case .work(let piece) = message {
            let samples = piece.sampleCount
            try require(
                samples > 0 && piece.labels.count == samples && piece.pixels.count == samples * piece.model.height * piece.model.width
                    && piece.labels.bytes().allSatisfy { Int($0) < piece.model.classes }
                    && (piece.parameters.map { $0.count == 4 * piece.model.parameterCount } ?? true),
                "a piece of work was taken that does not hold what it says")
        }
        let written = message.frames()
        let again = try CoordinatorMessage(frames: written).frames()
        try require(bytes(again) == bytes(written), "the message changes when it is written and read again")
    }
}

private func mutate(_ message: inout [[UInt8]], partner: [[UInt8]], _ random: inout CaseRandom) { mutateMessage(&message, &random) }

/// One message of every kind, as a coordinator and its workers exchange them.
enum SampleMessages {
    static func introduction(_ processID: UInt32 = 77) -> WorkerIntroduction {
        WorkerIntroduction(profile: TrainingProtocol.profile, instructionSet: "test", host: "there", processID: processID, slots: 2)
    }

    static func worker(run: UInt64) -> [[Frame]] {
        let messages: [WorkerMessage] = [
            .hello(introduction()),
            .result(
                PieceResult(
                    run: run, piece: 1, job: 0, step: 0, quanta: 0..<1, parameters: 1 << 32, lossSum: 2.5, correct: 3,
                    values: Frame(floats: [1, -2, 0.5]))),
            .declined(run: run, piece: 1, reason: "it does not have the parameters"), .goodbye("Interrupted."),
            .heartbeat(WorkerProgress(run: run, piecesDone: 2, piece: 1, quantaDone: 1)),
        ]
        return messages.map { $0.frames() }
    }

    static func coordinator(run: UInt64) throws -> [[Frame]] {
        let messages: [CoordinatorMessage] = try [
            .welcome(Welcome(run: run, heartbeatInterval: .seconds(1), silenceLimit: .seconds(10))), .work(piece(run: run, .train)),
            .work(piece(run: run, .evaluate)), .work(piece(run: run, .train, withParameters: false)), .heartbeat(run: run), .reintroduce,
            .refusal("The worker lies."), .stop("All training is done."),
        ]
        return messages.map { $0.frames() }
    }

    /// A piece of work for a tiny network.
    static func piece(run: UInt64, _ kind: PieceKind, withParameters: Bool = true) throws -> PieceOfWork {
        let model = try SmallCNN(firstChannels: 2, secondChannels: 3, kernelSize: 3, classes: 3, height: 4, width: 6, dropout: 0.25)
        let parameters = (0..<model.parameterCount).map { Float($0 % 7) / 8 - 0.4 }
        return PieceOfWork(
            run: run, piece: 1, job: 0, kind: kind, model: model, seed: 5, step: 3, batchSize: 13, quanta: 0..<2,
            normalization: .mnist, parametersID: 1 << 32, parameters: withParameters ? Frame(floats: parameters) : nil,
            pixels: Frame(bytes: (0..<13 * 24).map { UInt8(truncatingIfNeeded: $0 &* 37) }),
            labels: Frame(bytes: (0..<13).map { UInt8($0 % 3) }))
    }
}

/// Frames as plain bytes.
func bytes(_ frames: [Frame]) -> [[UInt8]] { frames.map { $0.bytes() } }

/// Plain bytes as frames. The last byte ends the memory, so that reading beyond it is noticed, and the first stands at any address, as in a
/// received message.
func frames(_ input: [[UInt8]]) -> [Frame] {
    input.map { bytes in
        let offset = bytes.count % 4
        let padded = Frame(bytes: [UInt8](repeating: 0, count: offset) + bytes)
        return padded.withUnsafeBytes { Frame(owner: padded.owner, bytes: UnsafeRawBufferPointer(rebasing: $0[offset...])) }
    }
}

/// Damages a message: a field of its header, the header's bytes, or its frames.
func mutateMessage(_ message: inout [[UInt8]], _ random: inout CaseRandom) {
    repeat {
        guard let header = message.first else {
            message = [random.bytes(random.below(8))]
            continue
        }
        switch random.below(8) {
        case 0...4:
            guard var fields = ProtobufFields(header) else { fallthrough }
            fields.mutate(&random)
            message[0] = fields.bytes
        case 5: headerMutator.mutate(&message[0], partner: random.pick(message), &random)
        case 6: headerMutator.mutate(&message[random.below(message.count)], partner: random.pick(message), &random)
        default: mutateFrames(&message, &random)
        }
    } while random.below(3) == 0
}

private let headerMutator = ByteMutator(dictionary: hostileTexts + (1...15).flatMap { [[UInt8($0 << 3)], [UInt8($0 << 3 | 2)]] })

/// Loses, repeats, swaps or adds frames.
private func mutateFrames(_ message: inout [[UInt8]], _ random: inout CaseRandom) {
    let index = random.below(message.count)
    switch random.below(6) {
    case 0: message.remove(at: index)
    case 1: message.insert(message[index], at: random.below(message.count + 1))
    case 2: message.swapAt(index, random.below(message.count))
    case 3: message.insert(random.bytes(random.length(upTo: 64)), at: random.below(message.count + 1))
    case 4: message[index] = []
    default: message += [[UInt8]](repeating: message[index], count: random.below(40))
    }
}
