import CNNKernels

/// 2x2 max-pooling, bias and ReLU of the second convolution.
enum Pooling {
    typealias Vector = SIMD16<Float>

    /// Pools rows of pixels of one block of 16 channels, (row, column, 16 channels), the first of which is row `y`: of each window the largest, and where it was.
    ///
    /// A function of its own: what it does lane by lane would keep the optimiser from seeing whole vectors in the loops that make the pixels.
    @inline(never)
    static func pool(
        _ g: Geometry, _ pixels: Input, rows: Int, y: Int, block: Int, bias: Input, features: Output, winners: UnsafeMutablePointer<Int32>
    ) {
        let biases = Vector.load(bias + block * 16)
        let pixelRowStride = g.paddedWidth * g.c1Stride
        // Where the pixels of a window are, from the first one.
        let right = SIMD16<Int32>(repeating: Int32(truncatingIfNeeded: g.c1Stride))
        let below = SIMD16<Int32>(repeating: Int32(truncatingIfNeeded: pixelRowStride))
        let diagonal = SIMD16<Int32>(repeating: Int32(truncatingIfNeeded: pixelRowStride + g.c1Stride))
        for row in stride(from: 0, to: rows, by: 2) {
            var upper = pixels + row * g.width * 16
            var corner = Int32(truncatingIfNeeded: (y + row) * pixelRowStride)
            var feature = (y + row) / 2 * (g.width / 2) * g.c2Stride + block * 16
            for _ in 0..<g.width / 2 {
                var best = Vector.load(upper)
                var winner = SIMD16<Int32>(repeating: 0)
                for pixel in 1..<4 {
                    let challenger = Vector.load(upper + (pixel / 2 * g.width + pixel % 2) * 16)
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
        }
    }
}
