import CNNKernels
import CVectors

/// Tiles of two rows of 8 channels, with two neighbouring pixels in a vector, each channel's numbers for both side by side. Two neighbouring pixels of the input are then one load for all channels, which takes no
/// multiply-add's place, and serves both rows.
///
/// `Row` has the pairs of pixels of one row, in all of the `tiles` that are computed together.
enum PairsOfPixels<Row: Accumulators, let tiles: Int>: FirstConvolutionTiles where Row.Vector == SIMD16<Float> {
    static var channels: Int { @inline(__always) get { 8 } }
    static var width: Int { @inline(__always) get { 2 * Row.count / tiles } }
    static var height: Int { @inline(__always) get { 2 } }
    static var count: Int { @inline(__always) get { tiles } }

    /// (tap, 8 channels, twice each).
    @inline(__always)
    static func withWeights<Side: KernelSide>(_ g: Geometry, _ side: Side, _ weights: Input, _ body: (Input) -> Void) {
        let taps = side.kernelSize * side.kernelSize
        withScratch(count: taps * 16) { pairs in
            for tap in 0..<taps { doubled(weights + tap * g.c1Stride).store(to: pairs + tap * 16) }
            body(Input(pairs))
        }
    }

    @inline(__always)
    static func compute<Side: KernelSide>(
        _ g: Geometry, _ side: Side, _ input: Input, weights: Input, bias: Input, distance: Int, _ output: Output
    ) {
        let k = side.kernelSize
        var upper = Row(repeating: doubled(bias))
        var lower = upper
        /// A row of the input, for the row of the output that it is row `ky` of the kernel for.
        @inline(__always) func add(_ row: Int, _ kx: Int, as ky: Int, to sums: inout Row) {
            let weight = SIMD16<Float>.load(weights + (ky * k + kx) * 16)
            let pixels = input + row * g.paddedWidth + kx
            sums.update { i, sum in sum = sum.addingProduct(weight, vector_repeating_pair_16(pixels + place(i, distance))) }
        }
        for kx in 0..<k { add(0, kx, as: 0, to: &upper) }
        for row in 1..<k {
            for kx in 0..<k {
                add(row, kx, as: row, to: &upper)
                add(row, kx, as: row - 1, to: &lower)
            }
        }
        for kx in 0..<k { add(k, kx, as: k - 1, to: &lower) }
        @inline(__always) func store(_ put: (_ pair: SIMD16<Float>, _ target: Output) -> Void) {
            @inline(__always) func store(_ sums: inout Row, to target: Output) {
                sums.update { i, sum in put(vector_deinterleaved_16(sum.rectified()), target + place(i, distance) * g.c1Stride) }
            }
            store(&upper, to: output)
            store(&lower, to: output + g.paddedWidth * g.c1Stride)
        }
        if g.c1Stride == 8 {
            store { pair, target in pair.store(to: target) }
        } else {
            store { pair, target in
                pair.lowHalf.store(to: target)
                pair.highHalf.store(to: target + g.c1Stride)
            }
        }
    }

    /// How many pixels after the first tile's first one accumulator `i`'s first is.
    @inline(__always) private static func place(_ i: Int, _ distance: Int) -> Int { 2 * i < width ? 2 * i : distance + 2 * i - width }

    @inline(__always) private static func doubled(_ channels: Input) -> SIMD16<Float> {
        vector_interleaved_8(.load(channels), .load(channels))
    }
}
