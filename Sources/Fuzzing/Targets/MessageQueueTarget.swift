import SharedMemory

/// A queue of messages in shared memory, by both ends at once, and with numbers in it that neither wrote.
///
/// Nothing beyond the queue is read or written. While nobody else writes there messages arrive as they were sent, in order.
struct MessageQueueTarget: FuzzTarget {
    let name = "message-queues"
    let share = 100
    private let regions: [SharedRegion]

    private static let (capacity, offset, header) = (256, 64, 128)

    init() throws { regions = try mappedTwice(4096) }

    func run(_ random: inout CaseRandom, trace: Trace?) throws(Finding) -> FuzzOutcome {
        regions[0].bytes.initializeMemory(as: UInt8.self, repeating: 0)
        let sender = MessageQueue(capacity: Self.capacity, in: regions[0], at: Self.offset)
        let receiver = MessageQueue(capacity: Self.capacity, in: regions[1], at: Self.offset)
        let isIntact = random.oneIn(4)
        var underway: [[UInt8]] = []
        for _ in 0..<30 {
            switch random.below(isIntact ? 2 : 3) {
            case 0:
                let message = random.bytes(random.length(upTo: Self.capacity))
                trace?("a message that is sent", [message])
                if message.withUnsafeBytes({ sender.send($0) }) { underway.append(message) }
            case 1:
                switch receiver.next {
                case .nothing: try require(!isIntact || underway.isEmpty, "a message has not arrived")
                case .damage:
                    try require(!isIntact, "a queue that is whole counts as damaged")
                    return .refused
                case .message(let length):
                    var message = [UInt8](repeating: 0, count: length)
                    message.withUnsafeMutableBytes { receiver.receive(into: $0) }
                    try require(length < Self.capacity, "a message of \(length) bytes")
                    try require(!isIntact || message == underway.removeFirst(), "a message changes on its way")
                }
            default:
                // One of the two counts, or anything in the room, where the messages' lengths stand.
                let place = random.pick([0, 64, Self.header + random.below(Self.capacity / 8) * 8])
                let number = random.oneIn(2) ? random.pick(ByteMutator.interestingNumbers) : UInt64(random.below(Self.capacity + 32))
                trace?("a number at \(place)", [withUnsafeBytes(of: number) { [UInt8]($0) }])
                regions[0].bytes.storeBytes(of: number, toByteOffset: Self.offset + place, as: UInt64.self)
            }
        }
        let beyond = [0..<Self.offset, Self.offset + MessageQueue.byteCount(capacity: Self.capacity)..<4096]
        try require(beyond.allSatisfy { regions[0].bytes[$0].allSatisfy { $0 == 0 } }, "something was written beyond the queue")
        return .accepted
    }
}
