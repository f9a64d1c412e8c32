import CNNKernels
import CVectors

/// 8 channels of two neighbouring taps in each vector, the channels' numbers for both side by side: two neighbouring pixels of the input are then one load for all channels, which takes no multiply-add's place.
///
/// `Sums` are those of one row of the kernel after the other. With an odd side the last two taps of a row overlap the two before; the sum that is there twice is not used the second time.
enum PairsOfTaps<Sums: Accumulators, let side: Int>: FirstConvolutionTaps where Sums.Vector == SIMD16<Float> {
    static var channels: Int { @inline(__always) get { 8 } }

    static func backward(_ g: Geometry, _ gradients: Output, gates: Input, input: Input, _ weightGradients: Output, biasGradients: Output) {
        @inline(__always) func weights(_ i: Int, _ tap: Int) -> Output { weightGradients + (row(i) * side + column(i) + tap) * g.c1Stride }
        var sums = Sums(repeating: .zero)
        sums.update { i, sum in sum = vector_interleaved_8(.load(weights(i, 0)), .load(weights(i, 1))) }
        var biasSums = SIMD8<Float>.load(biasGradients)
        for y in 0..<g.height {
            let first = ((y + g.padding) * g.paddedWidth + g.padding) * g.c1Stride
            for x in 0..<g.width {
                let gradient = gatedGradient(SIMD8<Float>.self, gradients, gates, at: first + x * g.c1Stride)
                biasSums += gradient
                let ofBothTaps = vector_interleaved_8(gradient, gradient)
                let pixels = input + y * g.paddedWidth + x
                sums.update { i, sum in
                    sum = sum.addingProduct(ofBothTaps, vector_repeating_pair_16(pixels + row(i) * g.paddedWidth + column(i)))
                }
            }
            clear(SIMD8<Float>.self, g, gradients, afterRow: y)
        }
        sums.update { i, sum in
            let ofEach = vector_deinterleaved_16(sum)
            if column(i) == 2 * (i % pairsOfRow) { ofEach.lowHalf.store(to: weights(i, 0)) }
            ofEach.highHalf.store(to: weights(i, 1))
        }
        biasSums.store(to: biasGradients)
    }

    private static var pairsOfRow: Int { @inline(__always) get { (side + 1) / 2 } }
    /// The row of accumulator `i`'s taps.
    @inline(__always) private static func row(_ i: Int) -> Int { i / pairsOfRow }
    /// The column of its first tap.
    @inline(__always) private static func column(_ i: Int) -> Int { min(2 * (i % pairsOfRow), side - 2) }
}
