import RandomStreams
import Testing

@Suite struct MersenneTwisterTests {
    /// Holds a generator, fresh from each recorded seed, against what PyTorch drew.
    private func expectSameDraws(
        as recorded: (StreamFixtures.Stream) -> StreamFixtures.Sequence, count: Int,
        sourceLocation: SourceLocation = #_sourceLocation, draw: (inout MersenneTwister) -> UInt64
    ) throws {
        let streams = try StreamFixtures.load().streams
        #expect(streams.count == 5, sourceLocation: sourceLocation)
        for stream in streams {
            var generator = MersenneTwister(seed: try #require(UInt64(stream.seed)))
            let drawn = (0..<count).map { _ in draw(&generator) }
            #expect(StreamFixtures.Sequence(drawn) == recorded(stream), "seed \(stream.seed)", sourceLocation: sourceLocation)
        }
    }

    @Test func drawsAreThoseOfPyTorch() throws {
        try expectSameDraws(as: \.draws31, count: 2000) { UInt64($0.next32() % (1 << 31)) }
        try expectSameDraws(as: \.draws64, count: 1000) { $0.next64() }
    }

    @Test func uniformNumbersAreThoseOfPyTorchBitForBit() throws {
        try expectSameDraws(as: \.uniformUnit, count: 2000) { UInt64($0.uniform(0...1).bitPattern) }
        try expectSameDraws(as: \.uniformSkewed, count: 2000) { UInt64($0.uniform(-0.25...3.7).bitPattern) }
        for stream in try StreamFixtures.load().streams {
            var generator = MersenneTwister(seed: try #require(UInt64(stream.seed)))
            let drawn = generator.uniform(count: 2000, bound: 1 / 3)
            #expect(StreamFixtures.Sequence(drawn.map { UInt64($0.bitPattern) }) == stream.uniformThird, "seed \(stream.seed)")
        }
    }

    @Test(arguments: [1, 1 / 3, 0.018898223, 0x1p-149, 0x1.fffffep-127, 0x1.234566p40, 0x1.fffffep126] as [Float])
    func manyNumbersAreThoseDrawnOneByOne(bound: Float) {
        var all = MersenneTwister(seed: 7)
        var single = all
        for count in [0, 1, 5, 618, 1, 623, 624, 625, 2000] {
            let drawn = all.uniform(count: count, bound: bound)
            let expected = (0..<count).map { _ in single.uniform(-bound...bound) }
            #expect(drawn.map(\.bitPattern) == expected.map(\.bitPattern), "\(count) numbers")
            #expect(all == single, "after \(count) numbers")
        }
    }

    @Test func permutationsAreThoseOfPyTorch() throws {
        for stream in try StreamFixtures.load().streams {
            let seed = try #require(UInt64(stream.seed))
            for (count, recorded) in stream.permutations {
                var generator = MersenneTwister(seed: seed)
                let drawn = generator.permutation(count: try #require(Int(count)))
                #expect(StreamFixtures.Sequence(drawn.map(UInt64.init)) == recorded, "seed \(seed), \(count) numbers")
            }
            var generator = MersenneTwister(seed: seed)
            _ = generator.permutation(count: 1000)
            let drawn = (0..<20).map { _ in UInt64(generator.next32() % (1 << 31)) }
            #expect(StreamFixtures.Sequence(drawn) == stream.afterPermutation, "seed \(seed)")
        }
    }

    /// The ten-thousandth draw from the reference implementation's default seed, which the C++ standard prescribes.
    @Test func tenThousandthDrawIsThatOfTheStandard() {
        var generator = MersenneTwister(seed: 5489)
        for _ in 1..<10_000 {
            _ = generator.next32()
        }
        #expect(generator.next32() == 4_123_659_995)
    }

    @Test func streamGoesOnFromACopyAndFromItsSavedState() throws {
        var generator = MersenneTwister(seed: 42)
        for draws in [0, 1, 623, 1, 400, 700] {
            for _ in 0..<draws {
                _ = generator.next32()
            }
            var copy = generator
            var restored = try #require(MersenneTwister(words: generator.words, position: generator.position))
            #expect(restored == generator)
            let expected = (0..<1300).map { _ in copy.next32() }
            #expect((0..<1300).map { _ in restored.next32() } == expected)
            #expect(restored != generator)
            var original = generator
            #expect(original.next32() == expected[0])
        }
    }

    @Test func impossibleStatesAreRefused() {
        let words = MersenneTwister(seed: 1).words
        #expect(MersenneTwister(words: words, position: 625) == nil)
        #expect(MersenneTwister(words: words, position: -1) == nil)
        #expect(MersenneTwister(words: words.dropLast(), position: 0) == nil)
        #expect(MersenneTwister(words: [], position: 0) == nil)
    }
}
