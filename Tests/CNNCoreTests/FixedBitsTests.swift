import CNNCore
import CNNKernels
import Digests
import Testing

/// Bits that were once computed: on another machine, another system or with another compiler they are the same.
///
/// Whoever changes them changes the weights of every run: results no longer equal those of the version before, and runs that it began cannot be continued.
/// When that is meant, the digests that the failing test shows take the place of those here.
@Suite struct FixedBitsTests {
    @Test(
        arguments: zip(
            ShardTests.shapes + [Shape(dropout: 0.2)],
            [
                "d2e6e0d22b7693a040a20accde1f6fb8db424bfe8ae2419666f73415603d7eef",
                "819ff128d2a902dc8458c84acf358a0378fecb3dd38afcee361fc0179ece033b",
                "3200e757d81c4659c952e0fe0a59513f367ddbf8661a1bcf436813a6549998bd",
            ]))
    func gradientsAreWhatTheyWere(_ shape: Shape, _ digest: String) throws {
        let model = try shape.model()
        let batch = Batch(model, samples: 43)
        for instructionSet in supportedInstructionSets {
            let sum = try GradientEngine(model, instructionSet, parameters: model.parameters()).sum(of: batch)
            let words = sum.gradient.array.map { UInt64($0.bitPattern) } + [sum.lossSum.bitPattern, UInt64(sum.correct)]
            #expect(self.digest(words) == digest, "\(instructionSet)")
        }
    }

    @Test(arguments: supportedInstructionSets) func stepsOfAdamAreWhatTheyWere(_ instructionSet: InstructionSet) throws {
        let model = try ShardTests.shapes[0].model()
        var parameters = model.parameters()
        let adam = Adam(Adam.Hyperparameters(), count: parameters.count, instructionSet: instructionSet)
        for seed: UInt64 in 1...5 { try adam.step(parameters: &parameters, gradientSum: model.parameters(seed: seed), sampleCount: 3) }
        #expect(digest(parameters.map { UInt64($0.bitPattern) }) == "5773aecfe453c5dcc834658bc9867403fd32c2c8d19c642ca6124e6bb7c2a8d3")
    }

    @Test func exponentialsAndLogarithmsAreWhatTheyWere() {
        let values = (0..<1000).flatMap { [Softmax.exponential(-0.0137 * Double($0)), Softmax.logarithm(1 + 0.0091 * Double($0))] }
        #expect(digest(values.map(\.bitPattern)) == "2e68f102e200292b67a9e980dbf48a927b5932d5c7993c32431ed2b856b978c4")
    }

    /// SHA-256 of the words, lowest bytes first.
    private func digest(_ words: [UInt64]) -> String {
        SHA256.hash(words.flatMap { word in (0..<8).map { UInt8(truncatingIfNeeded: word >> (8 * $0)) } }).hexString
    }
}
