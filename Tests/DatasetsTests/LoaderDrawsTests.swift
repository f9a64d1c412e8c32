import Datasets
import RandomStreams
import TestSupport
import Testing

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

@Suite struct LoaderDrawsTests {
    /// What PyTorch's loaders delivered, as `Fixtures/generate.py` recorded it.
    private struct Recorded: Decodable {
        let runs: [Run]

        struct Run: Decodable {
            let seed: UInt64
            let parameters: Int
            let samples: Int
            let epochs: [Epoch]
            /// The run's next 32-bit draw without its highest bit.
            let drawAfterwards: UInt32
        }

        struct Epoch: Decodable {
            let firstBatch: [Int]
            let batches: Int
            let lastBatch: [Int]
            let fnv1a: String
        }
    }

    private func fnv1a(_ indices: [Int]) -> String {
        var digest: UInt64 = 0xCBF2_9CE4_8422_2325
        for index in indices {
            for shift in stride(from: UInt64(0), to: 64, by: 8) {
                digest = (digest ^ (UInt64(index) >> shift & 0xFF)) &* 0x100_0000_01B3
            }
        }
        let hexadecimal = String(digest, radix: 16)
        return String(repeating: "0", count: 16 - hexadecimal.count) + hexadecimal
    }

    @Test func epochsAreThoseOfPyTorchWithValidationInBetween() throws {
        let file = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "Fixtures/pytorch-loaders.json")
        let recorded = try JSONDecoder().decode(Recorded.self, from: Data(contentsOf: file))
        #expect(recorded.runs.count == 4)
        for run in recorded.runs {
            var generator = MersenneTwister(seed: run.seed)
            // The model's initial weights, one draw each.
            _ = generator.uniform(count: run.parameters, bound: 1)
            for (number, epoch) in run.epochs.enumerated() {
                let order = LoaderDraws.trainingEpochOrder(count: run.samples, generator: &generator)
                LoaderDraws.sequentialPass(generator: &generator)
                let batches = order.chunks(of: 64)
                let comment: Comment = "seed \(run.seed), \(run.samples) samples, epoch \(number + 1)"
                #expect(fnv1a(order) == epoch.fnv1a, comment)
                #expect(batches.count == epoch.batches, comment)
                #expect(batches.first.map(Array.init) == epoch.firstBatch, comment)
                #expect(batches.last.map(Array.init) == epoch.lastBatch, comment)
            }
            LoaderDraws.sequentialPass(generator: &generator)
            #expect(generator.next32() % (1 << 31) == run.drawAfterwards, "seed \(run.seed), \(run.samples) samples")
        }
    }
}
