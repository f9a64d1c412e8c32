import SharedMemory
import TrainingProtocol
import Transport

/// Messages as they go over a direct line, damaged.
///
/// Whatever a message says, nothing beyond it or the shared memory is read, no block is read twice, and in the end every block is free again.
struct DirectMessageTarget: FuzzTarget {
    let name = "direct-messages"
    let share = 100
    private let tables: [RowTable]
    private let coordinator: SharedFrames
    private let worker: SharedFrames

    init() throws {
        let images = CommonMemory.Layout(
            imageSize: 100, trainImages: 20, testImages: 10, blocks: BlockStore.Geometry(blockCount: 20, roomFor: 8192))
        let layout = SharedFrames.Layout(common: images)
        let common = try mappedTwice(images.byteCount).map { CommonMemory(images, in: $0) }
        let regions = try mappedTwice(layout.byteCount)
        tables = common[0].tables
        coordinator = SharedFrames(common[0], layout, in: regions[0], isCoordinator: true)
        worker = SharedFrames(common[1], layout, in: regions[1], isCoordinator: false)
    }

    func run(_ random: inout CaseRandom, trace: Trace?) throws(Finding) -> FuzzOutcome {
        var sender = coordinator
        let frames = [[1, 2, 3], [UInt8](repeating: 7, count: 5000), [4], [UInt8](repeating: 9, count: 8192)].map { Frame(bytes: $0) }
        let message = frames + [Frame(TableRows(of: tables[1], numbers: [3, 9, 0]))]
        let sent = sender.put(message)
        try require(isShared(sent[1]) && isShared(sent[3]), "a message found no room among blocks that should be free")
        var input: [UInt8] = []
        DirectMessage(sent, number: random.oneIn(2) ? 0 : 5).append(to: &input)
        let isIntact = random.oneIn(16)
        if !isIntact { mutate(&input, &random) }
        trace?("message of a direct line", [input])
        let outcome = try receive(input, original: message, isIntact: isIntact)
        // The blocks that a damaged message has left, so that the next case finds all of them free.
        for part in sent { _ = worker.take([part]) }
        return outcome
    }

    private func isShared(_ part: SharedFrames.Part) -> Bool { if case .shared = part { true } else { false } }

    private func receive(_ input: [UInt8], original: [Frame], isIntact: Bool) throws(Finding) -> FuzzOutcome {
        guard let message = DirectMessage(Frame(bytes: input)) else {
            try require(!isIntact, "a message is not read")
            return .refused
        }
        var written: [UInt8] = []
        message.append(to: &written)
        try require(
            written == input || message.parts.contains(where: isShared), "the message changes when it is written and read again")
        guard let taken = worker.take(message.parts) else {
            try require(!isIntact, "blocks are not taken")
            return .refused
        }
        let sums = taken.map { $0.withUnsafeBytes { bytes in bytes.reduce(0) { $0 &+ Int($1) } } }
        try require(!isIntact || sums == original.map { $0.bytes().reduce(0) { $0 &+ Int($1) } }, "the message changes on its way")
        return .accepted
    }

    private func mutate(_ input: inout [UInt8], _ random: inout CaseRandom) {
        if random.oneIn(4) {
            mutator.mutate(&input, partner: input, &random)
        } else {
            // One of the numbers: how many frames, the message's own, and each frame's length, block and ticket, or rows, table and mark.
            let place = 8 * random.below(17)
            let number = random.oneIn(2) ? random.pick(ByteMutator.interestingNumbers) : UInt64(random.below(32))
            for index in 0..<8 { input[place + index] = UInt8(truncatingIfNeeded: number >> (8 * UInt64(index))) }
        }
    }
}

private let mutator = ByteMutator(dictionary: [[1, 0, 0, 0, 0, 0, 0, 0], [2, 0, 0, 0, 0, 0, 0, 0], [8, 0, 0, 0, 0, 0, 0, 0]])
