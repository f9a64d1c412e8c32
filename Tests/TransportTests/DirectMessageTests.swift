import RandomStreams
import SharedMemory
import Testing
import TrainingProtocol

@testable import Transport

/// Messages as they go over direct lines, in bytes.
struct DirectMessageTests {
    private let frames = [[1, 2, 3], [], [UInt8](repeating: 9, count: 300)].map { Frame(bytes: $0) }

    private func bytes(_ message: DirectMessage) -> [UInt8] {
        var bytes: [UInt8] = []
        message.append(to: &bytes)
        return bytes
    }

    private func message(_ entries: [[UInt64]], _ rest: [UInt8] = [], number: UInt64 = 0) -> Frame {
        let numbers: [UInt64] = [UInt64(entries.count), number] + entries.flatMap { $0 }
        return Frame(bytes: numbers.flatMap { number in withUnsafeBytes(of: number.littleEndian) { [UInt8]($0) } } + rest)
    }

    @Test("A message is read as it was written")
    func roundTrip() throws {
        let parts =
            frames.map { SharedFrames.Part.inline($0) } + [
                .shared(block: 3, count: 70_000, ticket: 1 << 40), .rows([7, 1 << 31, 0], table: 1), .rows([], table: 0),
            ]
        let written = DirectMessage(parts, number: 7)
        let message = try #require(DirectMessage(Frame(bytes: bytes(written))))
        #expect(message.number == 7)
        #expect(bytes(message) == bytes(written))
        let read = message.parts
        #expect(read.count == 6)
        for (part, frame) in zip(read, frames) {
            guard case .inline(let inline) = part else {
                Issue.record("not inline")
                return
            }
            #expect(inline.bytes() == frame.bytes())
        }
        guard case .shared(block: 3, count: 70_000, let ticket) = read[3] else {
            Issue.record("not shared")
            return
        }
        #expect(ticket == 1 << 40)
        guard case .rows([7, 0x8000_0000, 0], table: 1) = read[4] else {
            Issue.record("not rows")
            return
        }
    }

    @Test("What is no message is none")
    func nonsense() {
        #expect(DirectMessage(message([[2, 0, 0]], [7, 8])) != nil)
        #expect(DirectMessage(message([], number: 1)) != nil)
        for bad in [
            Frame(bytes: []), Frame(bytes: [1]), message([]), message([[2, 0, 0]], [7]), message([[2, 0, 0]], [7, 8, 9]),
            message([[2, 1, 0]], [7, 8]), message([[1 << 63, 0, 0]]), message([[.max, 0, 0]]), message([[2, 1 << 63, 5]]),
            message([[2, 0, 1 << 63]]), message([[2, 0, 1 << 63]], [UInt8](repeating: 0, count: 7)), message([[.max / 4, 0, 1 << 63]]),
            message([[0, 1 << 63, 1 << 63]]), message([[0, 0, 1 << 63 | 1]]), message([[UInt64]](repeating: [0, 0, 0], count: 9)),
            message([[1, 0, 0], [1, 0, 0]], [7]),
        ] { #expect(DirectMessage(bad) == nil, "\(bad.bytes())") }
    }

    @Test("No damage makes more of a message than it holds")
    func damaged() {
        let intact = bytes(
            DirectMessage(frames.map { .inline($0) } + [.shared(block: 3, count: 5000, ticket: 9), .rows([1, 2, 3], table: 0)]))
        var generator = MersenneTwister(seed: 3)
        for length in 0..<intact.count { #expect(DirectMessage(Frame(bytes: Array(intact[..<length]))) == nil) }
        for _ in 0..<5000 {
            var mutated = intact
            for _ in 0...generator.next32() % 4 {
                mutated[Int(generator.next32()) % 102] = UInt8(truncatingIfNeeded: generator.next32())
            }
            guard let message = DirectMessage(Frame(bytes: mutated)) else { continue }
            #expect(bytes(message).count == mutated.count)
        }
    }
}
