import CNNKernels

/// Floating-point operations of one sample as the direct algorithms need them, two for each product and its sum: no zero is skipped, no trick is played.
/// A kernel that does with fewer may so exceed the peak.
struct DenseCount {
    let firstConvolution: Double
    let secondConvolution: Double
    let linear: Double

    init(_ g: Geometry) {
        firstConvolution = Double(2 * g.height * g.width * g.taps * g.c1)
        secondConvolution = Double(2 * g.height * g.width * g.taps * g.c1 * g.c2)
        linear = Double(2 * g.classes * g.positions * g.c2)
    }

    /// Forward.
    var evaluation: Double { firstConvolution + secondConvolution + linear }
    /// Forward, and backward to all weights and to all activations but the pixels.
    var training: Double { 2 * firstConvolution + 3 * secondConvolution + 3 * linear }
}
