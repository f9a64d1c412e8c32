import RandomStreams
import Testing

@testable import CNNCore

/// A mini-batch's gradient has the same bits however it is shared out, and on every instruction set.
@Suite struct ShardTests {
    static let shapes = [
        Shape(c1: 3, c2: 5, classes: 4, height: 6, width: 8), Shape(c1: 9, c2: 17, k: 5, classes: 7, height: 8, width: 6, dropout: 0.4),
    ]

    @Test(arguments: shapes, [1, 7, 8, 16, 50, 64, 67])
    func everyCutGivesTheSameBits(_ shape: Shape, _ samples: Int) throws {
        let model = try shape.model()
        let batch = Batch(model, samples: samples)
        let engine = try GradientEngine(model, parameters: model.parameters())
        let whole = engine.sum(of: batch)
        #expect(whole.gradient.array.contains { $0 != 0 })
        var generator = MersenneTwister(seed: UInt64(samples))
        let cuts =
            [1, 2, 3, 5, 8].map { CanonicalTree.subtrees(count: batch.quanta, parts: $0) }
            + (0..<5).map { _ in PlainTree.randomCut(0..<batch.quanta, &generator) }
        for cut in cuts {
            var sum = TreeSum(count: batch.quanta, instructionSet: try .best())
            for range in generator.shuffled(cut) { sum.add(engine.sum(over: range, of: batch), for: range) }
            let total = sum.take()
            expectSameBits(try #require(total).completed, whole, "\(cut)")
        }
    }

    /// The engine's own tree against the tree as the test writes it down, from quanta computed one at a time.
    @Test(arguments: shapes, [7, 24, 67]) func quantaAreAddedAsTheTreeHasIt(_ shape: Shape, _ samples: Int) throws {
        let model = try shape.model()
        let batch = Batch(model, samples: samples)
        let engine = try GradientEngine(model, parameters: model.parameters())
        let expected = PlainTree.fold(0..<batch.quanta, leaf: { engine.sum(over: $0..<$0 + 1, of: batch) }, join: plainSum)
        expectSameBits(engine.sum(of: batch), expected)
    }

    /// Within a quantum the samples are added in order: seen where nothing but addition happens, at the loss and the linear layer's bias.
    @Test func samplesOfAQuantumAreAddedInOrder() throws {
        let model = try Self.shapes[0].model()
        let engine = try GradientEngine(model, parameters: model.parameters())
        let bias = try #require(model.tensors.last).range
        var sumsThatOrderChanges = 0
        for seed: UInt64 in 1...10 {
            let batch = Batch(model, samples: 8, seed: seed)
            let imageSize = model.height * model.width
            let singles = (0..<8).map { sample in
                let pixels = Array(batch.pixels[sample * imageSize..<(sample + 1) * imageSize])
                return engine.sum(of: Batch(pixels: pixels, labels: [batch.labels[sample]]))
            }
            let whole = engine.sum(of: batch)
            let expected = singles.dropFirst().reduce(singles[0], plainSum)
            #expect(firstDifference(Array(whole.gradient.array[bias]), Array(expected.gradient.array[bias])) == nil)
            #expect(whole.lossSum.bitPattern == expected.lossSum.bitPattern)
            #expect(whole.correct == expected.correct)
            #expect(engine.evaluation(in: batch).statistics == ShardStatistics(lossSum: expected.lossSum, correct: expected.correct))

            let reversed = singles.dropLast().reversed().reduce(singles[7], plainSum)
            if firstDifference(Array(whole.gradient.array[bias]), Array(reversed.gradient.array[bias])) != nil { sumsThatOrderChanges += 1 }
            if whole.lossSum.bitPattern != reversed.lossSum.bitPattern { sumsThatOrderChanges += 1 }
        }
        // About half of them; were it none, the above could not fail.
        #expect(sumsThatOrderChanges > 0)
    }

    @Test(arguments: shapes) func dropoutFollowsSeedStepAndPlaceInTheMiniBatch(_ shape: Shape) throws {
        let model = try shape.model()
        let engine = try GradientEngine(model, parameters: model.parameters())
        let images = Batch(model, samples: 8)
        // The same eight images as first and as second quantum of a mini-batch.
        let twice = Batch(pixels: images.pixels + images.pixels, labels: images.labels + images.labels)
        func sum(_ change: (inout Batch) -> Void, quantum: Int = 0) -> GradientSum {
            var batch = twice
            change(&batch)
            return engine.sum(over: quantum..<quantum + 1, of: batch)
        }
        let first = sum { _ in }
        expectSameBits(first, sum { _ in }, "the same once more")
        let others = [
            sum({ _ in }, quantum: 1), sum { $0.step += 1 }, sum { $0.seed += 1 }, sum { $0.seed ^= 1 << 40 },
        ]
        for (i, other) in others.enumerated() {
            #expect((firstDifference(first.gradient.array, other.gradient.array) != nil) == (model.dropout > 0), "\(i)")
        }
    }

    @Test(arguments: Shape.study) func instructionSetsAgreeOnTheStudy(_ shape: Shape) throws {
        try expectInstructionSetsToAgree(shape, samples: shape.c1 > 8 ? 9 : 19)
    }

    @Test(
        arguments: [
            Shape(c1: 1, c2: 1, k: 1, classes: 1, height: 2, width: 2), Shape(c1: 5, c2: 12, k: 7, classes: 10, height: 10, width: 14),
            Shape(c1: 24, c2: 40, k: 3, classes: 26, height: 6, width: 10, dropout: 0.5),
            Shape(c1: 9, c2: 33, k: 11, classes: 3, height: 12, width: 4), Shape(c1: 17, c2: 5, k: 9, classes: 12, height: 8, width: 18),
            Shape(c1: 16, c2: 16, k: 5, classes: 11, height: 16, width: 16, dropout: 0.9),
        ])
    func instructionSetsAgreeOnOddShapes(_ shape: Shape) throws {
        for samples in [1, 13] { try expectInstructionSetsToAgree(shape, samples: samples) }
    }

    private func expectInstructionSetsToAgree(_ shape: Shape, samples: Int) throws {
        let model = try shape.model()
        let batch = Batch(model, samples: samples)
        let parameters = model.parameters()
        let reference = try GradientEngine(model, .scalar, parameters: parameters)
        let sum = reference.sum(of: batch)
        let evaluation = reference.evaluation(in: batch)
        #expect(sum.lossSum.isFinite && sum.gradient.array.contains { $0 != 0 } == (model.classes > 1))
        for instructionSet in supportedInstructionSets where instructionSet != .scalar {
            let engine = try GradientEngine(model, instructionSet, parameters: parameters)
            expectSameBits(engine.sum(of: batch), sum, "\(instructionSet), \(samples) samples")
            let (statistics, predictions) = engine.evaluation(in: batch)
            #expect(statistics == evaluation.statistics, "\(instructionSet), \(samples) samples")
            #expect(predictions == evaluation.predictions, "\(instructionSet), \(samples) samples")
        }
    }
}
