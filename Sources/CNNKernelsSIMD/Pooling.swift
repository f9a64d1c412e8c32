import CNNKernels

/// Where a rectangle of the second convolution's pixels has its first one.
typealias TilePlace = (sample: Int, y: Int, x: Int)

/// 2x2 max-pooling, bias and ReLU of the second convolution.
enum Pooling {
    typealias Vector = SIMD16<Float>

    /// Pools tiles of pixels of one block of 16 channels, (tile, row, column, 16 channels): of each window the largest, and where it was.
    ///
    /// A function of its own: what it does lane by lane would keep the optimiser from seeing whole vectors in the loops that make the pixels.
    @inline(never)
    static func pool(
        _ g: Geometry, _ pixels: Input, tiles: UnsafePointer<TilePlace>, count: Int, height: Int, width: Int, block: Int, bias: Input,
        features: Output, winners: UnsafeMutablePointer<Int32>
    ) {
        let biases = Vector.load(bias + block * 16)
        let pixelRowStride = g.paddedWidth * g.c1Stride
        // Where the pixels of a window are, from the first one.
        let right = SIMD16<Int32>(repeating: Int32(truncatingIfNeeded: g.c1Stride))
        let below = SIMD16<Int32>(repeating: Int32(truncatingIfNeeded: pixelRowStride))
        let diagonal = SIMD16<Int32>(repeating: Int32(truncatingIfNeeded: pixelRowStride + g.c1Stride))
        var upper = pixels
        for tile in 0..<count {
            let (sample, y, x) = tiles[tile]
            var firstCorner = Int32(truncatingIfNeeded: y * pixelRowStride + x * g.c1Stride)
            var firstFeature = sample * g.featureCount + (y / 2 * (g.width / 2) + x / 2) * g.c2Stride + block * 16
            for _ in 0..<height / 2 {
                var corner = firstCorner
                var feature = firstFeature
                for _ in 0..<width / 2 {
                    var best = Vector.load(upper)
                    var winner = SIMD16<Int32>(repeating: 0)
                    for pixel in 1..<4 {
                        let challenger = Vector.load(upper + (pixel / 2 * width + pixel % 2) * 16)
                        let wins = (challenger .> best) .| (challenger .!= challenger)
                        best.replace(with: challenger, where: wins)
                        winner.replace(with: pixel == 1 ? right : pixel == 2 ? below : diagonal, where: wins)
                    }
                    (best + biases).rectified().store(to: features + feature)
                    let offsets = winner &+ SIMD16(repeating: corner)
                    UnsafeMutableRawPointer(winners + feature).storeBytes(of: offsets, as: SIMD16<Int32>.self)
                    upper += 32
                    corner &+= Int32(truncatingIfNeeded: 2 * g.c1Stride)
                    feature += g.c2Stride
                }
                upper += width * 16
                firstCorner &+= Int32(truncatingIfNeeded: 2 * pixelRowStride)
                firstFeature += g.width / 2 * g.c2Stride
            }
        }
    }
}
