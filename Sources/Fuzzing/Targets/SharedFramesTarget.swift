import SharedMemory
import TrainingProtocol
import Transport

/// Messages whose tensors stand in shared memory, with damaged notes on where.
///
/// Whatever a note says, nothing beyond the arena is read, no block is read twice, and in the end every block is free again.
struct SharedFramesTarget: FuzzTarget {
    let name = "shared-frames"
    let share = 100
    /// The arena as its maker sees it, and as the one who opened it does.
    private let arena: BlockArena
    private let coordinator: SharedFrames
    private let worker: SharedFrames

    init() throws {
        let geometry = BlockArena.Geometry(blockCount: FrameSharing.blocksToWorker + FrameSharing.blocksToCoordinator, roomFor: 8192)
        // Names of arenas are the machine's, and each process has a target of its own.
        let name = "/minishard-fuzz-\(UInt32.random(in: .min ... .max))"
        let arena = try BlockArena(creating: name, geometry)
        defer { arena.unlink() }
        self.arena = arena
        coordinator = SharedFrames(arena, isCoordinator: true)
        worker = SharedFrames(try BlockArena(opening: name, geometry), isCoordinator: false)
    }

    func run(_ random: inout CaseRandom, trace: Trace?) throws(Finding) -> FuzzOutcome {
        var sender = coordinator
        let message = [[1, 2, 3], [UInt8](repeating: 7, count: 5000), [4], [UInt8](repeating: 9, count: 8192)].map { Frame(bytes: $0) }
        let sent = sender.put(message)
        try require(sent.count == message.count + 1, "a message found no room in an arena that should be free")
        var input = bytes(sent)
        let isIntact = random.oneIn(16)
        if !isIntact { mutate(&input, &random) }
        trace?("message in shared memory", input)
        let outcome = try receive(input, original: message, isIntact: isIntact)
        try takeRest(of: sent)
        return outcome
    }

    /// Takes the blocks that a damaged note has left, so that the next case finds all of them free.
    private func takeRest(of sent: [Frame]) throws(Finding) {
        guard let note = sent.last.flatMap(FrameSharing.Note.init), case .references(let references) = note else {
            throw Finding("a note is not read")
        }
        for reference in references { _ = worker.take([reference], into: sent) }
    }

    private func receive(_ input: [[UInt8]], original: [Frame], isIntact: Bool) throws(Finding) -> FuzzOutcome {
        guard let last = frames(input).last, let note = FrameSharing.Note(last) else {
            try require(!isIntact, "a note is not read")
            return .refused
        }
        try require(FrameSharing.Note(note.frame) == note, "the note changes when it is written and read again")
        guard case .references(let references) = note, let taken = worker.take(references, into: frames(input.dropLast())) else {
            try require(!isIntact, "references are not taken")
            return .refused
        }
        let sizes = taken.map { $0.withUnsafeBytes { bytes in bytes.reduce(0) { $0 &+ Int($1) } } }
        try require(!isIntact || sizes == original.map { $0.bytes().reduce(0) { $0 &+ Int($1) } }, "the message changes on its way")
        return .accepted
    }

    private func mutate(_ input: inout [[UInt8]], _ random: inout CaseRandom) {
        let last = input.count - 1
        if random.oneIn(8) {
            mutateMessage(&input, &random)
        } else if random.oneIn(4) {
            noteMutator.mutate(&input[last], partner: input[last], &random)
        } else {
            // One of the numbers behind the magic and the kind.
            let place = input[last].count - 8 * (1 + random.below(9))
            let number = random.oneIn(2) ? random.pick(ByteMutator.interestingNumbers) : UInt64(random.below(32))
            for index in 0..<8 { input[last][place + index] = UInt8(truncatingIfNeeded: number >> (8 * UInt64(index))) }
        }
    }
}

private let noteMutator = ByteMutator(
    dictionary: [
        FrameSharing.Note.offer.frame.bytes(), FrameSharing.Note.terms(name: "/minishard", blockCount: 20, blockSize: 8192).frame.bytes(),
        [1, 0, 0, 0, 0, 0, 0, 0], [2, 0, 0, 0, 0, 0, 0, 0], [3, 0, 0, 0, 0, 0, 0, 0],
    ])
