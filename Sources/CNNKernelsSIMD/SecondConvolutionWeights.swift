import CNNKernels

/// Packs the second convolution's weights for its forward pass: 16 output channels side by side, eight at a time in double precision.
enum SecondConvolutionWeights {
    typealias Weights = WinogradTransforms.Weights

    static func pack(_ g: Geometry, from weights: Input, to packed: Output) {
        let kernelFloats = g.c1 * g.taps
        withScratch(count: kernelFloats * 16) { lanes in
            for block in 0..<g.c2Stride / 16 {
                let channels = min(16, g.c2 - block * 16)
                if channels < 16 { lanes.update(repeating: 0, count: kernelFloats * 16) }
                // (tap, c1, 16 c2)
                Transpose.transpose(
                    rows: channels, columns: kernelFloats, from: weights + block * 16 * kernelFloats, sourceStride: kernelFloats,
                    to: lanes, targetStride: 16)
                let target = packed + block * g.forwardPoints * g.c1 * 16
                switch g.rowSize {
                case 0: target.update(from: lanes, count: kernelFloats * 16)
                case 6: transform(g, taps: 3, rowSize: 6, lanes, to: target)
                default: transform(g, taps: 5, rowSize: 8, lanes, to: target)
                }
            }
        }
    }

    /// One block in Winograd's form, from (ky, kx, c1, 16 c2) to (column, row, c1, 16 c2).
    @inline(__always)
    private static func transform(_ g: Geometry, taps: Int, rowSize: Int, _ lanes: Output, to packed: Output) {
        let columnSize = WinogradTransforms.columnSize
        withUnsafeTemporaryAllocation(of: Weights.self, capacity: taps * taps + columnSize * (taps + rowSize)) { scratch in
            let kernel = scratch.baseAddress!
            let columns = kernel + taps * taps
            let points = columns + columnSize * taps
            for c1 in 0..<g.c1 {
                for half in stride(from: 0, to: 16, by: 8) {
                    for tap in 0..<taps * taps {
                        kernel[tap] = Weights(SIMD8<Float>.load(lanes + (tap * g.c1 + c1) * 16 + half))
                    }
                    for kx in 0..<taps {
                        WinogradTransforms.weights(taps: taps, size: columnSize, kernel + kx, stride: taps, to: columns + kx, stride: taps)
                    }
                    for row in 0..<columnSize {
                        WinogradTransforms.weights(
                            taps: taps, size: rowSize, columns + row * taps, stride: 1, to: points + row * rowSize, stride: 1)
                    }
                    for row in 0..<columnSize {
                        for column in 0..<rowSize {
                            SIMD8<Float>(points[row * rowSize + column])
                                .store(to: packed + ((column * columnSize + row) * g.c1 + c1) * 16 + half)
                        }
                    }
                }
            }
        }
    }
}
