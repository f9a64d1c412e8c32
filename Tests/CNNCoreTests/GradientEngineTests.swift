import CNNKernels
import Digests
import Testing

@testable import CNNCore

/// What an engine promises beside the numbers, which `DoublePrecisionTests` and `ShardTests` check.
@Suite struct GradientEngineTests {
    static let shape = Shape(c1: 3, c2: 5, classes: 4, height: 6, width: 8, dropout: 0.3)

    @Test(arguments: [0, 1, 8, 9, 67]) func betweenQuantaIsCalledOnceAQuantum(_ samples: Int) throws {
        let model = try Self.shape.model()
        let batch = Batch(model, samples: samples)
        let engine = try GradientEngine(model, parameters: model.parameters())
        var calls = 0
        _ = engine.sum(of: batch) { calls += 1 }
        #expect(calls == batch.quanta)
        _ = engine.evaluation(in: batch) { calls += 1 }
        #expect(calls == 2 * batch.quanta)
    }

    @Test func aShardWithoutSamplesSumsToZero() throws {
        let model = try Self.shape.model()
        let engine = try GradientEngine(model, parameters: model.parameters())
        let batch = Batch(model, samples: 0)
        let sum = engine.sum(of: batch)
        #expect(sum.gradient.array.allSatisfy { $0 == 0 } && sum.lossSum == 0 && sum.correct == 0)
        #expect(engine.evaluation(in: batch).statistics == ShardStatistics(lossSum: 0, correct: 0))
    }

    /// Shards of all sizes, other parameters, other normalisations: nothing of one call shows in the next.
    @Test(arguments: supportedInstructionSets) func aUsedEngineEqualsAFreshOne(_ instructionSet: InstructionSet) throws {
        let model = try Self.shape.model()
        let used = try GradientEngine(model, instructionSet, parameters: model.parameters(seed: 1))
        for (i, samples) in [67, 3, 0, 16, 8, 50, 1, 64].enumerated() {
            let parameters = model.parameters(seed: UInt64(1 + i / 2))
            used.load(parameters)
            var batch = Batch(model, samples: samples, seed: UInt64(i), everywhere: i % 2 == 0)
            if i % 3 == 1 { batch.normalization = Normalization(mean: 0.5, standardDeviation: 0.25) }
            let fresh = try GradientEngine(model, instructionSet, parameters: parameters)
            if i % 2 == 1 { #expect(used.evaluation(in: batch) == fresh.evaluation(in: batch), "\(samples) samples") }
            expectSameBits(used.sum(of: batch), fresh.sum(of: batch), "\(samples) samples")
            #expect(used.evaluation(in: batch) == fresh.evaluation(in: batch), "\(samples) samples")
        }
    }

    /// Models of all sizes take turns in one memory, larger and smaller, with padded channels and without: nothing of one shows in the next.
    @Test(arguments: supportedInstructionSets) func anEngineThatGoesOverEqualsAFreshOne(_ instructionSet: InstructionSet) throws {
        let shapes = [
            Shape(c1: 16, c2: 32), Self.shape, Shape(k: 5), Shape(), Shape(c1: 5, c2: 12, k: 7, height: 28, width: 28), Shape(dropout: 0.2),
            Shape(c1: 9, c2: 17, k: 1, classes: 3, height: 4, width: 10), Shape(c1: 3, c2: 5, k: 5, classes: 4, height: 14, width: 12),
        ]
        let used = try GradientEngine(model: shapes[0].model(), instructionSet: instructionSet)
        for stride in [1, 3] {
            for turn in shapes.indices {
                let shape = shapes[turn * stride % shapes.count]
                let model = try shape.model()
                let parameters = model.parameters(seed: UInt64(turn))
                let batch = Batch(model, samples: 9, seed: UInt64(turn + stride))
                _ = used.goOver(to: model)
                used.load(parameters)
                let fresh = try GradientEngine(model, instructionSet, parameters: parameters)
                expectSameBits(used.sum(of: batch), fresh.sum(of: batch), "\(shape.testDescription)")
                #expect(used.evaluation(in: batch) == fresh.evaluation(in: batch), "\(shape.testDescription)")
            }
        }
    }

    @Test func parametersStayLoadedForAnotherDropoutAlone() throws {
        let engine = try GradientEngine(model: Self.shape.model(), instructionSet: .best())
        var shape = Self.shape
        shape.dropout = 0
        #expect(engine.goOver(to: try shape.model()))
        (shape.height, shape.width) = (shape.width, shape.height)
        #expect(!engine.goOver(to: try shape.model()))
    }

    /// What is kept of images without ink depends on the normalisation too.
    @Test(arguments: supportedInstructionSets) func anotherNormalizationCountsWithoutNewParameters(_ instructionSet: InstructionSet) throws
    {
        let model = try Self.shape.model()
        let parameters = model.parameters(seed: 1)
        let used = try GradientEngine(model, instructionSet, parameters: parameters)
        var batch = Batch(model, samples: 8, seed: 4)
        _ = used.sum(of: batch)
        batch.normalization = Normalization(mean: 0.5, standardDeviation: 0.25)
        let fresh = try GradientEngine(model, instructionSet, parameters: parameters)
        expectSameBits(used.sum(of: batch), fresh.sum(of: batch))
    }

    @Test func evaluationIgnoresDropoutSeedAndStep() throws {
        var shape = Self.shape
        let model = try shape.model()
        shape.dropout = 0
        let withoutDropout = try GradientEngine(shape.model(), parameters: model.parameters())
        let engine = try GradientEngine(model, parameters: model.parameters())
        var batch = Batch(model, samples: 20)
        let expected = withoutDropout.evaluation(in: batch)
        #expect(engine.evaluation(in: batch) == expected)
        batch.step += 1
        batch.seed += 1
        #expect(engine.evaluation(in: batch) == expected)
        // In training without dropout the loss is the same; with dropout it is another.
        #expect(withoutDropout.sum(of: batch).lossSum == expected.statistics.lossSum)
        #expect(engine.sum(of: batch).lossSum != expected.statistics.lossSum)
    }

    @Test func evaluationOfPartsEqualsThatOfTheWhole() throws {
        let model = try Self.shape.model()
        let engine = try GradientEngine(model, parameters: model.parameters())
        let batch = Batch(model, samples: 67)
        let whole = engine.evaluation(in: batch)
        let parts = CanonicalTree.subtrees(count: batch.quanta, parts: 4).map { engine.evaluation(of: $0, in: batch) }
        #expect(parts.flatMap(\.predictions) == whole.predictions)
        #expect(parts.map(\.statistics.correct).reduce(0, +) == whole.statistics.correct)
        #expect(zip(whole.predictions, batch.labels).count { $0 == UInt32($1) } == whole.statistics.correct)
    }

    /// Of a network that is certain of itself, classes have probabilities of all magnitudes. Subnormal numbers among them would make each step take several times as long on some
    /// processors.
    @Test(arguments: supportedInstructionSets) func aNetworkThatIsCertainHasNoSubnormalGradients(_ instructionSet: InstructionSet) throws {
        let model = try Self.shape.model()
        var parameters = model.parameters()
        let batch = Batch(model, samples: 64, everywhere: true)
        let linear = try #require(model.tensors.first { $0.name == "fc.weight" }).range
        var hasFaintGradients = false
        for _ in 1...12 {
            for i in linear { parameters[i] *= 1.5 }
            let sum = try GradientEngine(model, instructionSet, parameters: parameters).sum(of: batch)
            #expect(sum.lossSum.isFinite)
            #expect(!sum.gradient.array.contains { $0.isSubnormal })
            // Sample by sample, as nothing greater is added to them then.
            for sample in 0..<batch.labels.count {
                let size = model.height * model.width
                let single = Batch(
                    pixels: Array(batch.pixels[sample * size..<(sample + 1) * size]), labels: [batch.labels[sample]])
                let gradient = try GradientEngine(model, instructionSet, parameters: parameters).sum(of: single).gradient.array
                #expect(!gradient.contains { $0.isSubnormal })
                hasFaintGradients = hasFaintGradients || gradient.contains { $0 != 0 && $0.magnitude < 1e-20 }
            }
        }
        #expect(hasFaintGradients)
    }

    /// A NaN or an infinity in any tensor must show in the loss, so that a run which went wrong is noticed.
    @Test(arguments: supportedInstructionSets) func aParameterThatIsNotANumberShowsInTheLoss(_ instructionSet: InstructionSet) throws {
        let model = try Self.shape.model()
        let batch = Batch(model, samples: 10, everywhere: true)
        for tensor in model.tensors {
            var parameters = model.parameters()
            parameters[tensor.range.upperBound - 1] = .nan
            let engine = try GradientEngine(model, instructionSet, parameters: parameters)
            let sum = engine.sum(of: batch)
            #expect(!sum.lossSum.isFinite, "\(tensor.name)")
            #expect(sum.gradient.array.contains { !$0.isFinite }, "\(tensor.name)")
            #expect(!engine.evaluation(in: batch).statistics.lossSum.isFinite, "\(tensor.name)")
        }
    }

    /// Grey values become inputs as torchvision's `ToTensor` and `Normalize` have it, each operation in single precision.
    @Test(arguments: supportedInstructionSets) func normalizationIsTorchvisions(_ instructionSet: InstructionSet) {
        let g = Geometry(height: 4, width: 64, kernelSize: 1, c1: 8, c2: 16, classes: 10)
        let scale = Normalization.mnist
        var input = [Float](repeating: 0, count: g.inputCount)
        var ink = [InkSpan](repeating: .none, count: g.height)
        instructionSet.kernels.normalize(
            g, pixels: Array(0...255), mean: scale.mean, standardDeviation: scale.standardDeviation, input: &input, ink: &ink)
        #expect(input[0] == scale.background)
        let bytes = input.flatMap { input in (0..<4).map { UInt8(truncatingIfNeeded: input.bitPattern >> (8 * $0)) } }
        #expect(bytes.count == 256 * 4)
        // SHA-256 of PyTorch 2.15's torch.arange(256, dtype=torch.uint8).float().div(255).sub(0.1307).div(0.3081).
        #expect(SHA256.hash(bytes).hexString == "0103dbab6b16bfcaea0aa75d7377b4b22bb6792081600921bee4a17ff9c4d33e")
    }
}
