import CNNKernels

/// The second convolution with ReLU and pooling: 16 channels at a time, a strip of two rows of pixels, pooled while it is in the cache.
enum SecondConvolution {
    typealias Vector = SIMD16<Float>

    static func forward(
        _ g: Geometry, activations: Input, weights: Input, bias: Input, features: Output, winners: UnsafeMutablePointer<Int32>
    ) {
        let stripCount = 2 * g.width * 16
        withUnsafeTemporaryAllocation(of: Float.self, capacity: stripCount + WinogradConvolution.scratchCount(g)) { scratch in
            let strip = scratch.baseAddress!
            let pooled = PooledStrip(g, strip, features, winners)
            if g.transformSize == 0 {
                forEachStrip(g) { block, y in
                    DirectConvolution.strip(g, block: block, y: y, activations, weights, bias, strip)
                    pooled.store(block: block, y: y)
                }
            } else {
                WinogradConvolution.transform(g, activations, into: strip + stripCount)
                forEachStrip(g) { block, y in
                    WinogradConvolution.strip(g, block: block, y: y, scratch: strip + stripCount, weights, bias, strip)
                    pooled.store(block: block, y: y)
                }
            }
        }
    }

    @inline(__always)
    private static func forEachStrip(_ g: Geometry, _ body: (_ block: Int, _ y: Int) -> Void) {
        for block in 0..<g.c2Stride / 16 {
            for y in stride(from: 0, to: g.height, by: 2) { body(block, y) }
        }
    }
}

/// A strip of sums, (row of 2, column, 16 channels), and where its pooled features go.
private struct PooledStrip {
    private let g: Geometry
    private let strip: Input
    private let features: Output
    private let winners: UnsafeMutablePointer<Int32>

    init(_ g: Geometry, _ strip: Output, _ features: Output, _ winners: UnsafeMutablePointer<Int32>) {
        self.g = g
        self.strip = Input(strip)
        self.features = features
        self.winners = winners
    }

    /// Pools each 2x2 window of the strip that begins at row `y`, applies ReLU, stores features and winners. A function of its own: what it does lane by lane would
    /// keep the optimiser from seeing whole vectors in the loops that make the strip.
    @inline(never)
    func store(block: Int, y: Int) {
        for window in 0..<g.width / 2 {
            let upperLeft = strip + window * 32
            let corner = (y * g.paddedWidth + 2 * window) * g.c1Stride
            var best = SIMD16<Float>.load(upperLeft)
            var winner = SIMD16<Int32>(repeating: Int32(truncatingIfNeeded: corner))
            for pixel in 1..<4 {
                let challenger = SIMD16<Float>.load(upperLeft + (pixel / 2 * g.width + pixel % 2) * 16)
                let wins = (challenger .> best) .| (challenger .!= challenger)
                best.replace(with: challenger, where: wins)
                let offset = corner + (pixel / 2 * g.paddedWidth + pixel % 2) * g.c1Stride
                winner.replace(with: SIMD16(repeating: Int32(truncatingIfNeeded: offset)), where: wins)
            }
            let feature = (y / 2 * (g.width / 2) + window) * g.c2Stride + block * 16
            best.rectified().store(to: features + feature)
            UnsafeMutableRawPointer(winners + feature).storeBytes(of: winner, as: SIMD16<Int32>.self)
        }
    }
}
