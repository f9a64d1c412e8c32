import Testing
import TrainingProtocol

@testable import Fuzzing

struct CaseRandomTests {
    @Test("A case's numbers are a function of seed and index")
    func reproducible() {
        func draws(_ seed: UInt64, _ index: UInt64) -> [UInt32] {
            var random = CaseRandom(seed: seed, index: index)
            return (0..<10).map { _ in random.next32() }
        }
        #expect(draws(1, 2) == draws(1, 2))
        #expect(draws(1, 2) != draws(1, 3))
        #expect(draws(1, 2) != draws(2, 2))
        #expect(draws(1 << 32, 2) != draws(0, 2))
        #expect(draws(1, 1 << 32) != draws(1, 0))
    }

    @Test("Numbers below a bound are all drawn, about equally often")
    func bounds() {
        var random = CaseRandom(seed: 5, index: 0)
        var counts = [Int](repeating: 0, count: 7)
        for _ in 0..<7000 { counts[random.below(7)] += 1 }
        #expect(counts.allSatisfy { (850...1150).contains($0) })
    }

    @Test("Lengths are mostly short and reach the limit")
    func lengths() {
        var random = CaseRandom(seed: 6, index: 0)
        let lengths = (0..<20_000).map { _ in random.length(upTo: 100) }
        #expect(lengths.allSatisfy { (0...100).contains($0) })
        #expect(lengths.count { $0 < 10 } > 10_000)
        #expect(Set(lengths).count == 101)
    }
}

struct ProtobufFieldsTests {
    @Test("Messages come apart and together as they were")
    func roundTrip() throws {
        for message in SampleMessages.worker(run: .max) + (try SampleMessages.coordinator(run: 1 << 40)) {
            let header = message[0].bytes()
            #expect(ProtobufFields(header)?.bytes == header)
        }
        #expect(ProtobufFields([0x08]) == nil)
        #expect(ProtobufFields([0x12, 5, 1]) == nil)
        #expect(ProtobufFields([0x0B]) == nil)
    }

    @Test("A damaged message is still protobuf")
    func mutations() throws {
        let header = try SampleMessages.coordinator(run: 1)[1][0].bytes()
        var random = CaseRandom(seed: 7, index: 0)
        var different: Set<[UInt8]> = []
        for _ in 0..<1000 {
            var fields = try #require(ProtobufFields(header))
            fields.mutate(&random)
            #expect(ProtobufFields(fields.bytes) != nil)
            different.insert(fields.bytes)
        }
        #expect(different.count > 250)
    }
}
