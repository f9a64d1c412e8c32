package import CNNKernels

/// What a model makes of an image without ink: computed once for each set of parameters, and copied wherever an image has no ink within reach.
package final class BlankTensors {
    private var g: Geometry
    private var ink: [InkSpan] = []
    private let input = FloatBuffer()
    private let activations = FloatBuffer()
    private let tiles = Buffer<Int32>()
    private let features = FloatBuffer()
    private let winners = Buffer<Int32>()

    /// The tensors, valid as long as this object.
    package var image: BlankImage { BlankImage(activations: activations.base, features: features.base, winners: winners.base) }

    /// Those of a model that there is no room for yet.
    ///
    /// - Parameter geometry: That of images of full height.
    init(_ geometry: Geometry) { g = geometry.ofBlankImage }

    /// Makes room for a model's tensors, which are still to be computed.
    func resize(to geometry: Geometry) {
        g = geometry.ofBlankImage
        ink = [InkSpan](repeating: .none, count: g.height)
        input.resize(to: g.inputCount)
        g.clearBorders(of: input, images: 1, channels: 1)
        activations.resize(to: g.activationCount)
        g.clearBorders(of: activations, images: 1, channels: g.c1Stride)
        tiles.resize(to: g.tileListCount, filling: 0)
        tiles.base[0] = -1
        features.resize(to: g.featureCount)
        winners.resize(to: g.featureCount, filling: 0)
    }

    /// Computes the tensors.
    ///
    /// - Parameters:
    ///   - background: The network's input for a pixel without ink.
    ///   - scratch: Room for `secondForwardScratchCount` floats of images of full height.
    func compute(_ kernels: any KernelSet.Type, _ parameters: PackedParameters, background: Float, scratch: FloatBuffer) {
        for y in 0..<g.height {
            (input.base + (y + g.padding) * g.paddedWidth + g.padding).update(repeating: background, count: g.width)
        }
        kernels.firstConvolution(
            g, input: input.base, weights: parameters.firstWeights.base, bias: parameters.firstBias.base, ink: ink, blank: nil,
            tiles: tiles.base, output: activations.base)
        kernels.secondConvolution(
            g, samples: 1, activations: activations.base, weights: parameters.secondForwardWeights.base,
            bias: parameters.secondBias.base, ink: ink, blank: nil, features: features.base, winners: winners.base, scratch: scratch.base)
    }
}
