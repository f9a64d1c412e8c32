import CNNKernels
import CVectors

/// Two tiles of two rows of 8 channels: a vector for a pixel and the one below it, and with two tiles enough chains of multiply-adds to hide their latency.
///
/// A pixel of the input that both need is broadcast to both, with a weight for each, since nothing makes a vector of two pixels but instructions that take the place of multiply-adds. So there is one row of products
/// more than the kernel has rows: the first is for the upper pixel alone, the last for the lower one. Of a row, all taps of one accumulator come after the other: a weight stays in its register for the row, a pixel
/// until its neighbours have had it. Tap after tap, the pixels of so many accumulators would need more registers than there are.
enum PairsOfPixels<Row: Accumulators>: FirstConvolutionTiles where Row.Vector == SIMD16<Float> {
    static var channels: Int { @inline(__always) get { 8 } }
    static var width: Int { @inline(__always) get { Row.count } }
    static var height: Int { @inline(__always) get { 2 } }
    static var count: Int { @inline(__always) get { 2 } }

    /// (row of products, kx, upper and lower pixel, 8 channels). What stands for the pixel that has no part in a row of products is not used.
    @inline(__always)
    static func withWeights<Side: KernelSide>(_ g: Geometry, _ side: Side, _ weights: Input, _ body: (Input) -> Void) {
        let k = side.kernelSize
        withScratch(count: (k + 1) * k * 16) { pairs in
            for row in 0...k {
                for kx in 0..<k {
                    @inline(__always) func weight(_ ky: Int) -> SIMD8<Float> { .load(weights + (ky * k + kx) * g.c1Stride) }
                    SIMD16(lowHalf: weight(min(row, k - 1)), highHalf: weight(max(row - 1, 0))).store(to: pairs + (row * k + kx) * 16)
                }
            }
            body(Input(pairs))
        }
    }

    @inline(__always)
    static func compute<Side: KernelSide>(
        _ g: Geometry, _ side: Side, _ input: Input, weights: Input, bias: Input, distance: Int, _ output: Output
    ) {
        let k = side.kernelSize
        let half = SIMD8<Float>.load(bias)
        var sums = Join<Row, Row>(repeating: SIMD16(lowHalf: half, highHalf: half))
        @inline(__always) func add(row: Int, _ multiplyAdd: (SIMD16<Float>, SIMD16<Float>, SIMD16<Float>) -> SIMD16<Float>) {
            sums.update { i, sum in
                let pixels = input + row * g.paddedWidth + place(i, distance)
                for kx in 0..<k { sum = multiplyAdd(.load(weights + (row * k + kx) * 16), SIMD16(repeating: pixels[kx]), sum) }
            }
        }
        add(row: 0) { vector_multiply_add_lanes_16($0, $1, $2, 0x00FF) }
        for row in 1..<k { add(row: row) { $2.addingProduct($0, $1) } }
        add(row: k) { vector_multiply_add_lanes_16($0, $1, $2, 0xFF00) }
        sums.update { i, sum in
            let rectified = sum.rectified()
            let target = output + place(i, distance) * g.c1Stride
            rectified.lowHalf.store(to: target)
            rectified.highHalf.store(to: target + g.paddedWidth * g.c1Stride)
        }
    }

    /// How many pixels after the first tile's first one accumulator `i`'s is.
    @inline(__always)
    private static func place(_ i: Int, _ distance: Int) -> Int { i < Row.count ? i : distance + i - Row.count }
}
