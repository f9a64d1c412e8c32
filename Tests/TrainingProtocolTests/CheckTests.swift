import Testing
import TrainingProtocol

@Suite struct CheckTests {
    /// The example of docs/protocol.md, and its check by Python's xxhash package.
    @Test func example() {
        let hello = WorkerMessage.hello(
            WorkerIntroduction(profile: "minishard-f32-4", instructionSet: "numpy", host: "box", processID: 4242, slots: 2))
        let frames = Check.adding(to: hello.frames())
        #expect(
            frames.map { hex($0) } == ["080312220a0f6d696e6973686172642d6633322d3412056e756d70791a03626f782092212802", "13399ea54af23d26"])
        #expect(
            Check.adding(to: [Frame(bytes: Array("ab".utf8)), Frame(bytes: []), Frame(bytes: Array("c".utf8))]).last.map(hex)
                == "b99ca5440095aab7")
    }

    @Test func whatArrivesAsItWasSentIsTaken() throws {
        for message in messages {
            let taken = try Check.removing(from: Check.adding(to: message.map { Frame(bytes: $0) }))
            #expect(taken.map { $0.bytes() } == message)
        }
    }

    @Test func everyDamagedBitIsFound() {
        for message in messages {
            let sent = Check.adding(to: message.map { Frame(bytes: $0) }).map { $0.bytes() }
            for frame in sent.indices {
                for bit in 0..<sent[frame].count * 8 {
                    var damaged = sent
                    damaged[frame][bit / 8] ^= 1 << UInt8(bit % 8)
                    #expect(throws: ProtocolViolation.damaged) { try Check.removing(from: damaged.map { Frame(bytes: $0) }) }
                }
            }
        }
    }

    @Test func bytesThatMoveBetweenFramesAreFound() {
        let frames = Check.adding(to: [Frame(bytes: [1, 2]), Frame(bytes: [3])])
        #expect(throws: ProtocolViolation.damaged) {
            try Check.removing(from: [Frame(bytes: [1]), Frame(bytes: [2, 3]), frames[2]])
        }
        #expect(throws: ProtocolViolation.damaged) { try Check.removing(from: [frames[1], frames[0], frames[2]]) }
        #expect(throws: ProtocolViolation.damaged) { try Check.removing(from: [frames[0], frames[2]]) }
    }

    @Test("A message without a check is told apart: of another version, foreign, or one of ours that lost it")
    func noCheck() {
        #expect(throws: ProtocolViolation.version(1)) { try Check.removing(from: [Frame(bytes: [0x08, 1, 0x12, 0])]) }
        for frames: [[UInt8]] in [[], [[0xFF]], [[1, 2, 3, 4, 5, 6, 7, 8]]] {
            #expect {
                try Check.removing(from: frames.map { Frame(bytes: $0) })
            } throws: { error in
                if case ProtocolViolation.foreign = error { true } else { false }
            }
        }
        #expect(throws: ProtocolViolation.damaged) { try Check.removing(from: WorkerMessage.goodbye("x").frames()) }
    }

    private let messages: [[[UInt8]]] = [[[]], [[1, 2, 3]], [[7], [], (0..<100).map { UInt8($0) }]]

    private func hex(_ frame: Frame) -> String {
        frame.bytes().map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
    }
}
