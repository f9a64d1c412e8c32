import CNNKernels

/// The second convolution as a plain sum: a tile of pixels in registers, each weight loaded once a tile, pixels broadcast.
enum DirectConvolution {
    typealias Vector = SIMD16<Float>

    /// - Parameter strip: room for two rows of pixels: (row of 2, column, 16 channels).
    static func forward(
        _ g: Geometry, samples: Int, activations: Input, weights: Input, bias: Input, features: Output,
        winners: UnsafeMutablePointer<Int32>, strip: Output
    ) {
        for sample in 0..<samples {
            for block in 0..<g.c2Stride / 16 {
                for y in stride(from: 0, to: g.height, by: 2) {
                    compute(g, block: block, y: y, activations + sample * g.activationCount, weights, strip)
                    pool(g, sample: sample, y: y, block: block, Input(strip), bias, features, winners)
                }
            }
        }
    }

    /// Computes two rows of pixels from row `y` on, 16 channels: (row of 2, column, 16 channels).
    private static func compute(
        _ g: Geometry, block: Int, y: Int, _ activations: Input, _ weights: Input, _ strip: Output
    ) {
        let blockWeights = weights + block * g.taps * g.c1 * 16
        var x = 0
        while x < g.width {
            let corner = activations + (y * g.paddedWidth + x) * g.c1Stride
            if x + PixelTile.count <= g.width {
                tile(g, PixelTile.self, corner, blockWeights, strip + x * 16)
                x += PixelTile.count
            } else {
                tile(g, Two<Vector>.self, corner, blockWeights, strip + x * 16)
                x += 2
            }
        }
    }

    /// Pools two rows of pixels from row `y` on.
    private static func pool(
        _ g: Geometry, sample: Int, y: Int, block: Int, _ strip: Input, _ bias: Input, _ features: Output,
        _ winners: UnsafeMutablePointer<Int32>
    ) {
        let biases = Vector.load(bias + block * 16)
        for x in stride(from: 0, to: g.width, by: 2) {
            let upper = strip + x * 16
            let lower = upper + g.width * 16
            let feature = Pooling.feature(g, (sample, y, x), block: block)
            Pooling.pool(
                g, (.load(upper), .load(upper + 16), .load(lower), .load(lower + 16)), corner: Pooling.corner(g, y: y, x: x),
                biases: biases, feature: features + feature, winner: winners + feature)
        }
    }

    /// Two rows of neighbouring pixels; `corner` points at the top-left tap of the upper left one.
    @inline(__always)
    private static func tile<Pixels: Accumulators>(
        _ g: Geometry, _: Pixels.Type, _ corner: Input, _ weights: Input, _ strip: Output
    ) where Pixels.Vector == Vector {
        let rowStride = g.paddedWidth * g.c1Stride
        var upper = Pixels(repeating: .zero)
        var lower = Pixels(repeating: .zero)
        var weight = weights
        for ky in 0..<g.kernelSize {
            for kx in 0..<g.kernelSize {
                var pixel = corner + ky * rowStride + kx * g.c1Stride
                for _ in 0..<g.c1 {
                    let vector = Vector.load(weight)
                    upper.addProducts(vector, broadcasting: pixel, stride: g.c1Stride)
                    lower.addProducts(vector, broadcasting: pixel + rowStride, stride: g.c1Stride)
                    weight += 16
                    pixel += 1
                }
            }
        }
        upper.store(to: strip, stride: 16)
        lower.store(to: strip + g.width * 16, stride: 16)
    }
}
