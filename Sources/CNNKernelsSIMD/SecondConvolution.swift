import CNNKernels

/// The second convolution with ReLU and pooling: 16 channels at a time, some rows of pixels, pooled before they leave the cache.
enum SecondConvolution {
    static func forward(
        _ g: Geometry, activations: Input, weights: Input, bias: Input, features: Output, winners: UnsafeMutablePointer<Int32>,
        scratch: Output
    ) {
        if g.rowSize == 0 {
            DirectConvolution.forward(
                g, activations: activations, weights: weights, bias: bias, features: features, winners: winners, strip: scratch)
        } else {
            WinogradConvolution.forward(
                g, activations: activations, weights: weights, bias: bias, features: features, winners: winners, scratch: scratch)
        }
    }
}
