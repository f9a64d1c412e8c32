import CNNKernels
import KernelRuns
import Testing

/// Which pixel wins a pooling window, and how much dropout drops: what a comparison with the reference alone would not show, were the reference wrong.
@Suite struct PoolingTests {
    static let kernelSets: [any KernelSet.Type] = [ScalarKernels.self] + vectorKernels

    /// Every window of values out of -1, 0, 1 and NaN: the first of the largest wins, as in PyTorch, and the last NaN if there is one.
    @Test func theFirstOfTheLargestWins() {
        let values: [Float] = [-1, 0, 1, .nan]
        // One channel and one tap of weight 1, so that the sums are the activations; a window for each of the 4⁴ combinations, in 16 rows.
        let g = Geometry(height: 32, width: 32, kernelSize: 1, c1: 1, c2: 1, classes: 1)
        var activations = [Float](repeating: 0, count: g.activationCount)
        func windowValues(_ position: Int) -> [Float] { (0..<4).map { values[position >> (2 * $0) & 3] } }
        func offset(_ position: Int, _ pixel: Int) -> Int {
            ((position / 16 * 2 + pixel / 2) * g.paddedWidth + position % 16 * 2 + pixel % 2) * g.c1Stride
        }
        for position in 0..<g.positions {
            for (pixel, value) in windowValues(position).enumerated() { activations[offset(position, pixel)] = value }
        }
        let weights = [1] + [Float](repeating: 0, count: g.secondForwardWeightCount - 1)
        let bias = [Float](repeating: 0, count: g.c2Stride)
        for kernels in Self.kernelSets {
            var features = [Float](repeating: .infinity, count: g.featureCount)
            var winners = [Int32](repeating: -1, count: g.featureCount)
            var scratch = [Float](repeating: 0, count: g.secondForwardScratchCount)
            kernels.secondConvolution(
                g, samples: 1, activations: activations, weights: weights, bias: bias, ink: noInk(g), blank: nil, features: &features,
                winners: &winners, scratch: &scratch)
            for position in 0..<g.positions {
                let window = windowValues(position)
                let largest = window.max() ?? 0
                let winner = window.lastIndex(where: \.isNaN) ?? window.firstIndex(of: largest) ?? 0
                #expect(Int(winners[position * g.c2Stride]) == offset(position, winner), "\(kernels.name), \(window)")
                let feature = features[position * g.c2Stride]
                #expect(window[winner].isNaN ? feature.isNaN : feature == max(0, window[winner]), "\(kernels.name), \(window)")
            }
        }
    }

    @Test(arguments: [0, 0.2, 0.5, 0.97]) func dropoutDropsItsShare(_ probability: Double) {
        let g = Geometry(height: 28, width: 28, kernelSize: 3, c1: 8, c2: 16, classes: 10)
        let scale = Float(1 / (1 - probability))
        for kernels in Self.kernelSets {
            var kept = 0
            for sample: UInt32 in 0..<4 {
                var features = [Float](repeating: 1, count: g.featureCount)
                kernels.dropout(
                    g, features: &features, key: SIMD2(42, 0), sample: sample, step: 9, threshold: UInt32(probability * 0x1p32),
                    scale: scale)
                #expect(features.allSatisfy { $0 == 0 || $0 == scale }, "\(kernels.name)")
                kept += features.count { $0 != 0 }
            }
            let count = Double(4 * g.featureCount)
            let deviation = (count * probability * (1 - probability)).squareRoot()
            #expect(abs(Double(kept) - count * (1 - probability)) <= 4 * deviation, "\(kernels.name) keeps \(kept) of \(count)")
        }
    }
}
