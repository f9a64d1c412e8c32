import CNNKernels
import KernelRuns
import Testing

/// Parts of an image that no ink reaches are copied from an image without ink. That nothing shows it, ``KernelTests`` see to.
@Suite struct InkTests {
    /// What copies are compared with is computed.
    @Test(arguments: KernelCase.all) func theReferenceCopiesNothing(_ kernelCase: KernelCase) {
        let images = InkedImages(kernelCase)
        let alone = images.tensors(by: ScalarKernels.self, copying: nil)
        #expect(ScalarKernels.results(of: .blankImage(kernelCase)).map(\.bits) == alone.written.map(\.bits))
    }

    /// With other numbers to copy it shows what is copied: at least all that is farther from ink than a tile and the kernels together, and nothing that ink is under the kernels of.
    @Test(arguments: KernelCase.all) func whatNoInkReachesIsCopied(_ kernelCase: KernelCase) {
        let images = InkedImages(kernelCase)
        let g = images.g
        let other = InkedImages.Tensors(
            ink: [], activations: [Float](repeating: 777, count: g.ofBlankImage.activationCount),
            features: [Float](repeating: 777, count: g.ofBlankImage.featureCount),
            winners: [Int32](repeating: -1_000_000, count: g.ofBlankImage.featureCount))
        for kernels in vectorKernels {
            let results = images.tensors(by: kernels, copying: other)
            // Rows that are computed together.
            let height = kernels.name == "avx512" && g.c1Stride == 8 && [3, 5].contains(g.kernelSize) ? 2 : 1
            for sample in 0..<images.samples {
                let image = Array(images.pixels[sample * g.height * g.width..<(sample + 1) * g.height * g.width])
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
