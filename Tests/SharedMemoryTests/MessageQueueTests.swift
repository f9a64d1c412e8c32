import Testing

@testable import SharedMemory

/// Both ends of a queue, as different processes have them.
private struct Ends {
    let memory: MappedTwice
    let sender: MessageQueue
    let receiver: MessageQueue
    static let offset = 64

    init(capacity: Int = 64) throws {
        memory = try MappedTwice(byteCount: 4096)
        sender = MessageQueue(capacity: capacity, in: memory.made, at: Self.offset)
        receiver = MessageQueue(capacity: capacity, in: memory.opened, at: Self.offset)
    }

    func send(_ bytes: [UInt8]) -> Bool { bytes.withUnsafeBytes { sender.send($0) } }

    func receive() -> [UInt8]? {
        guard case .message(let length) = receiver.next else { return nil }
        var bytes = [UInt8](repeating: 0, count: length)
        bytes.withUnsafeMutableBytes { receiver.receive(into: $0) }
        return bytes
    }
}

struct MessageQueueTests {
    @Test("Messages of all lengths arrive as they were sent, in order, wherever in the queue they stand")
    func roundTrip() throws {
        let ends = try Ends()
        var number: UInt8 = 0
        func next(_ length: Int) -> [UInt8] {
            number &+= 1
            return (0..<length).map { UInt8(truncatingIfNeeded: $0 * 7) &+ number }
        }
        for first in 0...24 {
            for second in 0...24 {
                let messages = [next(first), next(second)]
                #expect(!ends.receiver.hasNews && ends.receiver.next == .nothing)
                for message in messages { #expect(ends.send(message)) }
                #expect(ends.receiver.hasNews)
                for message in messages { #expect(ends.receive() == message) }
            }
        }
        #expect(ends.receiver.next == .nothing)
    }

    @Test("What there is no room for is not taken, and leaves what is there as it is")
    func room() throws {
        let ends = try Ends()
        #expect(!ends.send([UInt8](repeating: 1, count: 57)))
        #expect(ends.send([UInt8](repeating: 2, count: 56)))
        #expect(!ends.send([]))
        #expect(ends.receive() == [UInt8](repeating: 2, count: 56))
        #expect(ends.send([3, 4]))
        #expect(ends.send([UInt8](repeating: 5, count: 40)))
        #expect(!ends.send([]))
        #expect(ends.receive() == [3, 4])
        #expect(ends.send([UInt8](repeating: 6, count: 8)))
        #expect(ends.receive() == [UInt8](repeating: 5, count: 40))
        #expect(ends.receive() == [UInt8](repeating: 6, count: 8))
        #expect(ends.receive() == nil)
        let message = [UInt8](repeating: 7, count: 40)
        for (reserve, isTaken) in [(17, false), (16, true), (1, false)] {
            #expect(message.withUnsafeBytes { ends.sender.send($0, leaving: reserve) } == isTaken)
        }
        #expect(ends.receive() == message)
    }

    @Test("A receiver is to be woken only if it sleeps")
    func sleep() throws {
        let ends = try Ends()
        #expect(ends.send([1]) && !ends.sender.isReceiverAsleep)
        ends.receiver.fallAsleep()
        #expect(ends.send([2]) && ends.sender.isReceiverAsleep)
        #expect(ends.receiver.hasNews)
        ends.receiver.wakeUp()
        #expect(ends.send([3]) && !ends.sender.isReceiverAsleep)
    }

    /// Numbers of bytes sent and of the first message's length, where either cannot be.
    @Test(
        "A sender's nonsense is found out",
        arguments: [
            (7, 0), (72, 0), (.max, 0), (8, 1), (16, 9), (64, 57), (64, 64), (64, 1 << 63), (64, .max), (64, .max - 7),
        ] as [(UInt64, UInt64)])
    func damage(sent: UInt64, length: UInt64) throws {
        let ends = try Ends()
        ends.memory.made.bytes.storeBytes(of: sent, toByteOffset: Ends.offset, as: UInt64.self)
        ends.memory.made.bytes.storeBytes(of: length, toByteOffset: Ends.offset + 128, as: UInt64.self)
        #expect(ends.receiver.hasNews && ends.receiver.next == .damage)
    }

    /// Numbers of bytes received, and whether there is room for a message then.
    @Test(
        "A receiver's nonsense makes the queue full, or no fuller than it is",
        arguments: [(1, false), (8, false), (64, false), (.max - 64, false), (.max - 63, false), (.max, true)] as [(UInt64, Bool)])
    func falseReceipt(received: UInt64, hasRoom: Bool) throws {
        let ends = try Ends()
        ends.memory.made.bytes.storeBytes(of: received, toByteOffset: Ends.offset + 64, as: UInt64.self)
        #expect(ends.send([1]) == hasRoom)
    }
}
