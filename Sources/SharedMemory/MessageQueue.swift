import CSharedMemory

/// Messages on their way from one process to another, in memory that both see: nobody calls the system for them but to wake a receiver that sleeps.
///
/// One process sends, the other one receives. Neither trusts what the other one writes: the worst that can come of it is a message of nonsense, or a queue that is full.
package final class MessageQueue: @unchecked Sendable {
    /// What comes next.
    package enum Next: Hashable {
        case nothing
        /// A message, and its length in bytes.
        case message(Int)
        /// What stands there cannot be a queue's: no message will come any more.
        case damage
    }

    /// What each side writes stands in a cache line of its own: the number of bytes that were ever sent; that of those received, and whether the receiver sleeps.
    private static let headerSize = 128
    /// A message's length stands before it, and both take up whole words.
    private static let wordSize = 8

    private let region: SharedRegion
    let sentBytes: UnsafeMutablePointer<UInt64>
    private var receivedBytes: UnsafeMutablePointer<UInt64> { sentBytes + 8 }
    private var sleeper: UnsafeMutablePointer<UInt64> { sentBytes + 9 }
    private let room: UnsafeMutableRawBufferPointer
    /// The bytes that this end has sent, or received.
    private var position: UInt64 = 0

    /// Bytes of a queue with room for `capacity` bytes.
    package static func byteCount(capacity: Int) -> Int { headerSize + capacity }

    /// One end of a queue that stands in a region from `offset`, a multiple of 64, on; its memory is zero at first.
    ///
    /// - Parameter capacity: A multiple of 8; each message takes up 8 bytes more than it has, and up to 7 to fill the last word.
    package init(capacity: Int, in region: SharedRegion, at offset: Int) {
        precondition(capacity > 0 && capacity % Self.wordSize == 0 && offset >= 0 && offset % 64 == 0, "a queue of odd size or place")
        precondition(offset + Self.byteCount(capacity: capacity) <= region.bytes.count, "a queue outside its region")
        self.region = region
        let memory = UnsafeMutableRawBufferPointer(rebasing: region.bytes[offset..<offset + Self.byteCount(capacity: capacity)])
        room = UnsafeMutableRawBufferPointer(rebasing: memory[Self.headerSize...])
        sentBytes = UnsafeMutableRawBufferPointer(rebasing: memory[..<Self.headerSize]).bindMemory(to: UInt64.self).baseAddress!
    }

    /// Bytes that a message of `length` bytes takes up.
    private static func size(_ length: Int) -> Int { wordSize + (length + wordSize - 1) / wordSize * wordSize }

    /// Where bytes stand that begin `offset` bytes after this end's position.
    private func place(_ offset: Int) -> Int { Int((position &+ UInt64(offset)) % UInt64(room.count)) }

    /// The one or two parts of the room in which a message's `count` bytes stand, and which of the bytes.
    private func forEachPart(of count: Int, _ body: (UnsafeMutableRawBufferPointer, Range<Int>) -> Void) {
        let start = place(Self.wordSize)
        let first = min(count, room.count - start)
        body(UnsafeMutableRawBufferPointer(rebasing: room[start..<start + first]), 0..<first)
        if first < count { body(UnsafeMutableRawBufferPointer(rebasing: room[..<(count - first)]), first..<count) }
    }

    // MARK: Sending

    /// Sends a message; afterwards ``isReceiverAsleep`` says whether the receiver must be woken.
    ///
    /// - Parameter reserve: Bytes of room that must be left.
    /// - Returns: Whether there was room.
    package func send(_ message: UnsafeRawBufferPointer, leaving reserve: Int = 0) -> Bool {
        let used = position &- shared_load(receivedBytes)
        guard message.count < room.count, used <= UInt64(room.count), Self.size(message.count) <= room.count - Int(used) - reserve else {
            return false
        }
        room.storeBytes(of: UInt64(message.count).littleEndian, toByteOffset: place(0), as: UInt64.self)
        forEachPart(of: message.count) { room, part in room.copyMemory(from: UnsafeRawBufferPointer(rebasing: message[part])) }
        position &+= UInt64(Self.size(message.count))
        shared_announce(sentBytes, position)
        return true
    }

    /// Whether the receiver may be asleep, and not see what was sent.
    package var isReceiverAsleep: Bool { shared_load(sleeper) != 0 }

    // MARK: Receiving

    /// Whether there is something to receive.
    package var hasNews: Bool { shared_load(sentBytes) != position }

    /// What comes next.
    package var next: Next {
        let available = shared_load(sentBytes) &- position
        if available == 0 { return .nothing }
        guard available <= UInt64(room.count), available >= UInt64(Self.wordSize) else { return .damage }
        let length = UInt64(littleEndian: room.load(fromByteOffset: place(0), as: UInt64.self))
        guard length < UInt64(room.count), Self.size(Int(length)) <= Int(available) else { return .damage }
        return .message(Int(length))
    }

    /// Receives the next message.
    ///
    /// - Parameter target: As long as ``next`` says.
    package func receive(into target: UnsafeMutableRawBufferPointer) {
        forEachPart(of: target.count) { room, part in
            UnsafeMutableRawBufferPointer(rebasing: target[part]).copyMemory(from: UnsafeRawBufferPointer(room))
        }
        position &+= UInt64(Self.size(target.count))
        shared_store(receivedBytes, position)
    }

    /// The receiver is about to sleep: it must ask ``hasNews`` once more after this.
    package func fallAsleep() { shared_announce(sleeper, 1) }

    /// The receiver is awake.
    package func wakeUp() { shared_store(sleeper, 0) }
}
