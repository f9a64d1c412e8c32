import CNNKernels
import Testing

/// Spans for a geometry's rows where they do not matter.
func noInk(_ g: Geometry) -> [InkSpan] { [InkSpan](repeating: .none, count: 8 * g.height) }

/// The first convolution's list where nothing is known of its output.
func noTiles(_ g: Geometry) -> [Int32] { [Int32](repeating: -1, count: g.tileListCount) }

/// Parts of an image that no ink reaches are copied from an image without ink, and nothing shows it.
@Suite struct InkTests {
    /// A quantum's images, (sample, row, column): none, some and all pixels with ink, at the borders and far from them.
    private static func pixels(_ g: Geometry, samples: Int, _ numbers: inout Numbers) -> [UInt8] {
        (0..<samples).flatMap { sample in
            (0..<g.height * g.width).map { pixel in
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
                return hasInk ? grey : 0
            }
        }
    }

    /// A quantum's tensors, and what makes them.
    private struct Network {
        let g: Geometry
        let samples: Int
        let pixels: [UInt8]
        let firstWeights: [Float]
        let firstBias: [Float]
        let secondWeights: [Float]
        let secondBias: [Float]

        init(_ kernelCase: KernelCase) {
            g = kernelCase.geometry
            samples = 8
            var numbers = Numbers(kernelCase, seed: 15)
            pixels = InkTests.pixels(g, samples: samples, &numbers)
            firstWeights = numbers.padded(rows: g.taps, used: g.c1, stride: g.c1Stride)
            firstBias = numbers.padded(rows: 1, used: g.c1, stride: g.c1Stride)
            secondWeights = numbers.tensor(g.secondForwardWeightCount)
            secondBias = numbers.padded(rows: 1, used: g.c2, stride: g.c2Stride)
        }

        /// What is made of some images: the tensors after both convolutions, and the spans of ink.
        struct Results {
            var ink: [InkSpan]
            var activations: [Float]
            var features: [Float]
            var winners: [Int32]
        }

        /// Passes images through both convolutions. All numbers that are not written stay 5, but for the borders.
        func results(_ kernels: any KernelSet.Type, _ g: Geometry, _ pixels: [UInt8], blank: Results?) -> Results {
            let samples = pixels.count / (g.height * g.width)
            let blankActivations = blank?.activations ?? [0]
            let blankFeatures = blank?.features ?? [0]
            let blankWinners = blank?.winners ?? [0]
            var (inks, activations): ([InkSpan], [Float]) = ([], [])
            // One image after the other in the same place, as in a worker: nothing of one may show in the next.
            var output = [Float](repeating: 0, count: g.activationCount)
            var tiles = noTiles(g)
            for sample in 0..<samples {
                var ink = [InkSpan](repeating: .none, count: g.height)
                var input = [Float](repeating: 0, count: g.inputCount)
                let image = Array(pixels[sample * g.height * g.width..<(sample + 1) * g.height * g.width])
                kernels.normalize(g, pixels: image, mean: 0.3, standardDeviation: 0.7, input: &input, ink: &ink)
                blankActivations.withUnsafeBufferPointer { copied in
                    kernels.firstConvolution(
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
                        kernels.secondConvolution(
                            g, samples: samples, activations: activations, weights: secondWeights, bias: secondBias, ink: inks,
                            blank: blank == nil ? nil : image, features: &features, winners: &winners, scratch: &scratch)
                    }
                }
            }
            return Results(ink: inks, activations: activations, features: features, winners: winners)
        }
    }

    @Test(arguments: KernelCase.all) func copiesHaveTheBitsOfWhatIsComputed(_ kernelCase: KernelCase) {
        let network = Network(kernelCase)
        let expected = network.results(ScalarKernels.self, network.g, network.pixels, blank: nil)
        let noPixels = [UInt8](repeating: 0, count: network.g.blankHeight * network.g.width)
        for kernels in vectorKernels {
            let blank = network.results(kernels, network.g.ofBlankImage, noPixels, blank: nil)
            let actual = network.results(kernels, network.g, network.pixels, blank: blank)
            #expect(actual.ink == expected.ink, "\(kernels.name)")
            #expect(bits(actual.activations) == bits(expected.activations), "\(kernels.name)")
            #expect(bits(actual.features) == bits(expected.features), "\(kernels.name)")
            #expect(actual.winners == expected.winners, "\(kernels.name)")
        }
    }

    /// With other numbers to copy it shows what is copied: at least all that is farther from ink than a tile and the kernels together, and nothing that ink is under the kernels of.
    @Test(arguments: KernelCase.all) func whatNoInkReachesIsCopied(_ kernelCase: KernelCase) {
        let network = Network(kernelCase)
        let g = network.g
        let other = Network.Results(
            ink: [], activations: [Float](repeating: 777, count: network.g.ofBlankImage.activationCount),
            features: [Float](repeating: 777, count: network.g.ofBlankImage.featureCount),
            winners: [Int32](repeating: -1_000_000, count: network.g.ofBlankImage.featureCount))
        for kernels in vectorKernels {
            let results = network.results(kernels, g, network.pixels, blank: other)
            // Rows that are computed together.
            let height = kernels.name == "avx512" && g.c1Stride == 8 && [3, 5].contains(g.kernelSize) ? 2 : 1
            for sample in 0..<network.samples {
                let image = Array(network.pixels[sample * g.height * g.width..<(sample + 1) * g.height * g.width])
                let reach = Reach(image, g)
                for pixel in 0..<g.height * g.width {
                    let (y, x) = (pixel / g.width, pixel % g.width)
                    let place = sample * g.activationCount + ((y + g.padding) * g.paddedWidth + x + g.padding) * g.c1Stride
                    let isCopied = results.activations[place] == 777
                    let rowsTogether = y / height * height..<(y / height + 1) * height
                    if reach.hasInk(y..<y + 1, x..<x + 1, within: g.padding) {
                        #expect(!isCopied, "\(kernels.name), sample \(sample), pixel (\(y), \(x))")
                    } else if g.width >= 8, !rowsTogether.contains(where: { reach.rowHasInk($0, within: g.padding) }) {
                        // Narrower images have no room for what is computed together, and are computed as a whole.
                        #expect(isCopied, "\(kernels.name), sample \(sample), pixel (\(y), \(x))")
                    }
                }
                // The direct sum copies nothing.
                guard g.rowSize != 0 else { continue }
                for position in 0..<g.positions {
                    let (y, x) = (position / (g.width / 2) * 2, position % (g.width / 2) * 2)
                    let isCopied = results.winners[sample * g.featureCount + position * g.c2Stride] < 0
                    if reach.hasInk(y..<y + 2, x..<x + 2, within: 2 * g.padding) {
                        #expect(!isCopied, "\(kernels.name), sample \(sample), position (\(y / 2), \(x / 2))")
                    }
                    let top = y / g.tileHeight * g.tileHeight
                    if !(top..<top + g.tileHeight).contains(where: { reach.rowHasInk($0, within: 2 * g.padding) }) {
                        #expect(isCopied, "\(kernels.name), sample \(sample), position (\(y / 2), \(x / 2))")
                    }
                }
            }
        }
    }

    /// Where an image's ink is, looked up pixel by pixel.
    private struct Reach {
        let image: [UInt8]
        let g: Geometry

        init(_ image: [UInt8], _ g: Geometry) {
            self.image = image
            self.g = g
        }

        func hasInk(_ rows: Range<Int>, _ columns: Range<Int>, within distance: Int) -> Bool {
            let rows = max(0, rows.lowerBound - distance)..<min(g.height, rows.upperBound + distance)
            let columns = max(0, columns.lowerBound - distance)..<min(g.width, columns.upperBound + distance)
            return rows.contains { y in columns.contains { x in image[y * g.width + x] != 0 } }
        }

        func rowHasInk(_ y: Int, within distance: Int) -> Bool { hasInk(y..<y + 1, 0..<g.width, within: distance) }
    }
}
