package import CNNKernels

/// Both convolutions' weights, and a quantum's images with ink here and there.
package struct InkedImages {
    package let g: Geometry
    package let samples = 8
    /// (sample, row, column).
    package let pixels: [UInt8]
    private let firstWeights: [Float]
    private let firstBias: [Float]
    private let secondWeights: [Float]
    private let secondBias: [Float]

    package init(_ kernelCase: KernelCase) {
        g = kernelCase.geometry
        var numbers = Numbers(kernelCase, seed: 15)
        pixels = Self.pixels(g, samples: samples, &numbers)
        firstWeights = numbers.padded(rows: g.taps, used: g.c1, stride: g.c1Stride)
        firstBias = numbers.padded(rows: 1, used: g.c1, stride: g.c1Stride)
        secondWeights = numbers.tensor(g.secondForwardWeightCount)
        secondBias = numbers.padded(rows: 1, used: g.c2, stride: g.c2Stride)
    }

    /// None, some and all pixels with ink, at the borders and far from them.
    private static func pixels(_ g: Geometry, samples: Int, _ numbers: inout Numbers) -> [UInt8] {
        var pixels: [UInt8] = []
        for sample in 0..<samples {
            for pixel in 0..<g.height * g.width {
                let (y, x) = (pixel / g.width, pixel % g.width)
                let grey = UInt8(1 + abs(numbers.next()).bitPattern % 255)
                let hasInk =
                    switch sample {
                    // A blot in the middle, where most images have theirs.
                    case 0: y > g.height / 3 && y < g.height / 2 && x > g.width / 3 && x < g.width * 3 / 5
                    case 1: false
                    case 2: y == g.height - 1 && x == 0
                    case 3: y == 0 && x == g.width - 1
                    case 4: y * g.width == x * g.height
                    case 5: pixel % 97 == 3
                    case 6: y % 9 == 4 && x > 1 && x < g.width - 2
                    default: true
                    }
                pixels.append(hasInk ? grey : 0)
            }
        }
        return pixels
    }

    /// What is made of some images: the tensors after both convolutions, and the spans of ink.
    package struct Tensors {
        package var ink: [InkSpan]
        package var activations: [Float]
        package var features: [Float]
        package var winners: [Int32]

        package init(ink: [InkSpan], activations: [Float], features: [Float], winners: [Int32]) {
            self.ink = ink
            self.activations = activations
            self.features = features
            self.winners = winners
        }
    }

    /// What some kernels make of an image without ink.
    package func blank<Kernels: KernelSet>(by kernels: Kernels.Type) -> Tensors {
        tensors(by: kernels, g.ofBlankImage, [UInt8](repeating: 0, count: g.blankHeight * g.width), copying: nil)
    }

    /// What some kernels make of the images.
    ///
    /// - Parameter blank: what they copy where no ink reaches.
    package func tensors<Kernels: KernelSet>(by kernels: Kernels.Type, copying blank: Tensors?) -> Tensors {
        tensors(by: kernels, g, pixels, copying: blank)
    }

    /// Passes images through both convolutions. All numbers that are not written stay 5, but for the borders.
    private func tensors<Kernels: KernelSet>(
        by kernels: Kernels.Type, _ g: Geometry, _ pixels: [UInt8], copying blank: Tensors?
    ) -> Tensors {
        let samples = pixels.count / (g.height * g.width)
        let blankActivations = blank?.activations ?? [0]
        let blankFeatures = blank?.features ?? [0]
        let blankWinners = blank?.winners ?? [0]
        var inks: [InkSpan] = []
        var activations: [Float] = []
        // One image after the other in the same place, as in a worker: nothing of one may show in the next.
        var output = [Float](repeating: 0, count: g.activationCount)
        var tiles = noTiles(g)
        for sample in 0..<samples {
            var ink = [InkSpan](repeating: .none, count: g.height)
            var input = [Float](repeating: 0, count: g.inputCount)
            let image = Array(pixels[sample * g.height * g.width..<(sample + 1) * g.height * g.width])
            Kernels.normalize(g, pixels: image, mean: 0.3, standardDeviation: 0.7, input: &input, ink: &ink)
            blankActivations.withUnsafeBufferPointer { copied in
                Kernels.firstConvolution(
                    g, input: input, weights: firstWeights, bias: firstBias, ink: ink, blank: blank == nil ? nil : copied.baseAddress,
                    tiles: &tiles, output: &output)
            }
            inks += ink
            activations += output
        }
        var features = [Float](repeating: 5, count: samples * g.featureCount)
        var winners = [Int32](repeating: 5, count: samples * g.featureCount)
        var scratch = [Float](repeating: 0, count: self.g.secondForwardScratchCount)
        blankActivations.withUnsafeBufferPointer { blankActivations in
            blankFeatures.withUnsafeBufferPointer { blankFeatures in
                blankWinners.withUnsafeBufferPointer { blankWinners in
                    let image = BlankImage(
                        activations: blankActivations.baseAddress!, features: blankFeatures.baseAddress!,
                        winners: blankWinners.baseAddress!)
                    Kernels.secondConvolution(
                        g, samples: samples, activations: activations, weights: secondWeights, bias: secondBias, ink: inks,
                        blank: blank == nil ? nil : image, features: &features, winners: &winners, scratch: &scratch)
                }
            }
        }
        return Tensors(ink: inks, activations: activations, features: features, winners: winners)
    }
}

extension KernelSet {
    /// Activations, features, winners and spans of ink; what no ink reaches is copied, by kernels that copy.
    static func resultsOfBlankImage(_ kernelCase: KernelCase) -> [Written] {
        let images = InkedImages(kernelCase)
        return images.tensors(by: Self.self, copying: images.blank(by: Self.self)).written
    }
}

extension InkedImages.Tensors {
    /// Activations, features, winners and spans of ink as numbers.
    package var written: [Written] {
        let spans = ink.flatMap { [Float(min($0.first, 1 << 20)), Float($0.end)] }
        return [Written(activations), Written(features), Written(winners.map { Float($0) }), Written(spans)]
    }
}
