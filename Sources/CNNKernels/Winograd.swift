/// Winograd's minimal filtering along the rows of an image: four neighbouring outputs at once from fewer products.
///
/// With a kernel row `w` of 3 or 5 taps and `n` = 6 or 8 inputs `d`, the outputs are `Aᵀ((G·w) ⊙ (Bᵀ·d))`: n products instead of 4 · 3 or 4 · 5. The rows of a kernel and
/// the channels are added up between the transforms. The interpolation points are 0, ±1, ±2, for five taps ±1/2 too, and infinity.
/// The errors are two to three times those of the direct sum, still within a few units in the last place.
///
/// Source: A. Lavin and S. Gray, "Fast Algorithms for Convolutional Neural Networks", CVPR 2016. The matrices stand in the functions below; the order of the
/// operations is part of the promise that all kernels give the same bits.
package enum Winograd {
    /// Outputs that are computed together.
    package static let tileWidth = 4

    /// Products for each tile, n, of a kernel row of `kernelSize` taps in images of `width` pixels; 0 where the direct sum is used.
    package static func transformSize(kernelSize: Int, width: Int) -> Int {
        guard width % tileWidth == 0, kernelSize == 3 || kernelSize == 5 else { return 0 }
        return kernelSize + tileWidth - 1
    }

    /// G·w for a kernel row of 3 or 5 taps, in double precision, rounded once: product `i` goes to `target[i · stride]`.
    static func transformWeights(_ row: Input, taps: Int, to target: Output, stride: Int) {
        let (w0, w1, w2) = (Double(row[0]), Double(row[1]), Double(row[2]))
        func put(_ product: Int, _ value: Double) { target[product * stride] = Float(value) }
        if taps == 3 {
            put(0, w0 / 4)
            put(1, -(w0 + w1 + w2) / 6)
            put(2, -(w0 - w1 + w2) / 6)
            put(3, (w0 + 2 * w1 + 4 * w2) / 24)
            put(4, (w0 - 2 * w1 + 4 * w2) / 24)
            put(5, w2)
            return
        }
        let (w3, w4) = (Double(row[3]), Double(row[4]))
        let even1 = w0 + w2 + w4
        let odd1 = w1 + w3
        let even2 = w0 + 4 * w2 + 16 * w4
        let odd2 = 2 * w1 + 8 * w3
        let even3 = 16 * w0 + 4 * w2 + w4
        let odd3 = 8 * w1 + 2 * w3
        put(0, w0)
        put(1, -2 * (even1 + odd1) / 9)
        put(2, -2 * (even1 - odd1) / 9)
        put(3, (even2 + odd2) / 90)
        put(4, (even2 - odd2) / 90)
        put(5, 2 * (even3 + odd3) / 45)
        put(6, 2 * (even3 - odd3) / 45)
        put(7, w4)
    }
}

/// The second convolution's weights in the layout that its forward pass reads.
package enum SecondConvolutionWeights {
    /// Packs PyTorch's (c2, c1, row, column) for the forward pass; see ``KernelSet/secondConvolution(_:activations:weights:bias:features:winners:)``.
    /// - Parameter packed: padded channels are left as they are.
    package static func pack(_ g: Geometry, from weights: Input, to packed: Output) {
        for c2 in 0..<g.c2 {
            for c1 in 0..<g.c1 {
                for ky in 0..<g.kernelSize {
                    let row = weights + ((c2 * g.c1 + c1) * g.kernelSize + ky) * g.kernelSize
                    let block = packed + c2 / 16 * (g.secondForwardWeightCount / (g.c2Stride / 16)) + c2 % 16
                    if g.transformSize == 0 {
                        for kx in 0..<g.kernelSize { block[((ky * g.kernelSize + kx) * g.c1 + c1) * 16] = row[kx] }
                    } else {
                        Winograd.transformWeights(row, taps: g.kernelSize, to: block + (ky * g.c1 + c1) * g.transformSize * 16, stride: 16)
                    }
                }
            }
        }
    }
}
