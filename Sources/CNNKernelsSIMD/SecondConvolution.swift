import CNNKernels

/// The second convolution with ReLU and pooling: 16 channels at two rows of pixels at a time, each weight loaded once a tile, pixels broadcast.
enum SecondConvolution {
    typealias Vector = SIMD16<Float>

    static func forward(
        _ g: Geometry, activations: Input, weights: Input, bias: Input, features: Output, winners: UnsafeMutablePointer<Int32>
    ) {
        switch (g.kernelSize, g.c1) {
        case (3, 8): forward(g, kernelSize: 3, c1: 8, c1Stride: 8, activations, weights, bias, features, winners)
        case (3, 16): forward(g, kernelSize: 3, c1: 16, c1Stride: 16, activations, weights, bias, features, winners)
        case (5, 8): forward(g, kernelSize: 5, c1: 8, c1Stride: 8, activations, weights, bias, features, winners)
        default: forward(g, kernelSize: g.kernelSize, c1: g.c1, c1Stride: g.c1Stride, activations, weights, bias, features, winners)
        }
    }

    /// The sizes once more as arguments, so that the shapes of the study become constants.
    @inline(__always)
    private static func forward(
        _ g: Geometry, kernelSize: Int, c1: Int, c1Stride: Int, _ activations: Input, _ weights: Input, _ bias: Input, _ features: Output,
        _ winners: UnsafeMutablePointer<Int32>
    ) {
        let rowStride = g.paddedWidth * c1Stride
        // Without padded channels the taps of one kernel row lie back to back in activations and weights alike.
        let (runs, runLength) = c1 == c1Stride ? (1, kernelSize * c1) : (kernelSize, c1)
        withUnsafeTemporaryAllocation(of: Vector.self, capacity: 4 * WindowTile.count) { scratch in
            let sums = UnsafeMutableRawPointer(scratch.baseAddress!).assumingMemoryBound(to: Float.self)
            for block in 0..<g.c2Stride / 16 {
                let blockWeights = weights + block * kernelSize * kernelSize * c1 * 16
                let biases = Vector.load(bias + block * 16)
                for y in stride(from: 0, to: g.height, by: 2) {
                    var x = 0
                    while x < g.width {
                        let corner = y * rowStride + x * c1Stride
                        let isWhole = x + 2 * WindowTile.count <= g.width
                        let windows = isWhole ? WindowTile.count : 1
                        if isWhole {
                            tile(
                                WindowTile.self, activations + corner, blockWeights, biases, kernelSize: kernelSize, c1Stride: c1Stride,
                                rowStride: rowStride, runs: runs, runLength: runLength, sums)
                        } else {
                            tile(
                                Single<Vector>.self, activations + corner, blockWeights, biases, kernelSize: kernelSize,
                                c1Stride: c1Stride, rowStride: rowStride, runs: runs, runLength: runLength, sums)
                        }
                        let position = y / 2 * (g.width / 2) + x / 2
                        pool(
                            sums, windows: windows, corner: corner, rightPixel: c1Stride, lowerPixel: rowStride,
                            features: features + position * g.c2Stride + block * 16,
                            winners: winners + position * g.c2Stride + block * 16, stride: g.c2Stride)
                        x += 2 * windows
                    }
                }
            }
        }
    }

    /// Neighbouring 2x2 windows; `corner` points at the top-left tap of the first one's upper left pixel. Stores the sums as (pixel of the window, window, 16 channels).
    @inline(__always)
    private static func tile<Windows: Accumulators>(
        _: Windows.Type, _ corner: Input, _ weights: Input, _ bias: Vector, kernelSize: Int, c1Stride: Int, rowStride: Int, runs: Int,
        runLength: Int, _ sums: Output
    ) where Windows.Vector == Vector {
        var upperLeft = Windows(repeating: bias)
        var upperRight = Windows(repeating: bias)
        var lowerLeft = Windows(repeating: bias)
        var lowerRight = Windows(repeating: bias)
        var weight = weights
        for ky in 0..<kernelSize {
            for run in 0..<runs {
                var pixel = corner + ky * rowStride + run * c1Stride
                for _ in 0..<runLength {
                    let vector = Vector.load(weight)
                    upperLeft.addProducts(vector, broadcasting: pixel, stride: 2 * c1Stride)
                    upperRight.addProducts(vector, broadcasting: pixel + c1Stride, stride: 2 * c1Stride)
                    lowerLeft.addProducts(vector, broadcasting: pixel + rowStride, stride: 2 * c1Stride)
                    lowerRight.addProducts(vector, broadcasting: pixel + rowStride + c1Stride, stride: 2 * c1Stride)
                    weight += 16
                    pixel += 1
                }
            }
        }
        let group = Windows.count * 16
        upperLeft.store(to: sums, stride: 16)
        upperRight.store(to: sums + group, stride: 16)
        lowerLeft.store(to: sums + 2 * group, stride: 16)
        lowerRight.store(to: sums + 3 * group, stride: 16)
    }

    /// Pools the sums of a tile, applies ReLU, stores features and winners. A function of its own: what it does lane by lane would keep the optimiser from
    /// seeing whole vectors in the loop above.
    @inline(never)
    private static func pool(
        _ sums: Output, windows: Int, corner: Int, rightPixel: Int, lowerPixel: Int, features: Output, winners: UnsafeMutablePointer<Int32>,
        stride: Int
    ) {
        let group = windows * 16
        for window in 0..<windows {
            let sum = sums + window * 16
            let first = corner + window * 2 * rightPixel
            var best = Vector.load(sum)
            var winner = SIMD16<Int32>(repeating: Int32(truncatingIfNeeded: first))
            for pixel in 1..<4 {
                let challenger = Vector.load(sum + pixel * group)
                let wins = (challenger .> best) .| (challenger .!= challenger)
                best.replace(with: challenger, where: wins)
                let offset = first + pixel / 2 * lowerPixel + pixel % 2 * rightPixel
                winner.replace(with: SIMD16(repeating: Int32(truncatingIfNeeded: offset)), where: wins)
            }
            best.rectified().store(to: features + window * stride)
            UnsafeMutableRawPointer(winners + window * stride).storeBytes(of: winner, as: SIMD16<Int32>.self)
        }
    }
}
