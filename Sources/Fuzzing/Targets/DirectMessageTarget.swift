import SharedMemory
import TrainingProtocol
import Transport

/// Messages as they go over a direct line, damaged.
///
/// Whatever a message says, nothing beyond it or the shared memory is read, no block is read twice, and in the end every block is free again.
struct DirectMessageTarget: FuzzTarget {
    let name = "direct-messages"
    let share = 100
    private let coordinator: SharedFrames
    private let worker: SharedFrames

    init() throws {
        let geometry = SharedFrames.geometry(roomFor: 8192)
        var opened: Result<BlockArena, any Error>?
        let arena = try BlockArena(geometry) { descriptor in opened = Result { try BlockArena(sharedAs: descriptor, geometry) } }
        guard let opened else { throw Finding("an arena is not shared") }
        coordinator = SharedFrames(arena, isCoordinator: true, blocksToWorker: SharedFrames.blocksToWorker)
        worker = SharedFrames(try opened.get(), isCoordinator: false, blocksToWorker: SharedFrames.blocksToWorker)
    }

    func run(_ random: inout CaseRandom, trace: Trace?) throws(Finding) -> FuzzOutcome {
        var sender = coordinator
        let message = [[1, 2, 3], [UInt8](repeating: 7, count: 5000), [4], [UInt8](repeating: 9, count: 8192)].map { Frame(bytes: $0) }
        let sent = sender.put(message)
        try require(isShared(sent[1]) && isShared(sent[3]), "a message found no room in an arena that should be free")
        var input: [UInt8] = []
        DirectMessage.append(sent, to: &input)
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
        guard let parts = DirectMessage.parts(of: Frame(bytes: input)) else {
            try require(!isIntact, "a message is not read")
            return .refused
        }
        var written: [UInt8] = []
        DirectMessage.append(parts, to: &written)
        try require(written == input || parts.contains(where: isShared), "the message changes when it is written and read again")
        guard let taken = worker.take(parts) else {
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
            // One of the numbers: how many frames, and each one's length, block and ticket.
            let place = 8 * random.below(13)
            let number = random.oneIn(2) ? random.pick(ByteMutator.interestingNumbers) : UInt64(random.below(32))
            for index in 0..<8 { input[place + index] = UInt8(truncatingIfNeeded: number >> (8 * UInt64(index))) }
        }
    }
}

private let mutator = ByteMutator(dictionary: [[1, 0, 0, 0, 0, 0, 0, 0], [2, 0, 0, 0, 0, 0, 0, 0], [8, 0, 0, 0, 0, 0, 0, 0]])
