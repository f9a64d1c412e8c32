import CNNKernels
import Testing

/// Grey values become inputs by two divisions and a difference, each rounded, whatever the kernels do instead.
@Suite struct NormalizationTests {
    /// Scales of images, and such as leave the range in which a product can be corrected to the quotient: differences and quotients that are subnormal, infinite or barely normal.
    private static let scales: [(mean: Float, deviation: Float)] =
        [(0, 1), (-0.0, 3), (0.1307, 0.3081), (0.5, 0.25), (0.2860, 0.3530), (-7, 0.3)]
        + [0x1p-149, 0x1.8p-61, 0x1p-60, 0x1.fffffep-30, 0x1p60, 0x1.000002p60, 0x1p127].flatMap { mean in
            [Float(0x1p-149), 0x1.5p-126, 0x1p-41, 0x1p-40, 0x1.fffffep-1, 0x1p40, 0x1.000002p40, .greatestFiniteMagnitude].map {
                (mean, $0)
            }
        }

    /// All grey values, in rows from the narrowest to wider ones than are looked at at once.
    @Test(arguments: [1, 7, 8, 15, 16, 17, 28, 32, 61, 64, 65]) func greysAreDividedAndRounded(width: Int) {
        let g = Geometry(height: 256 / width + 1, width: width, kernelSize: 3, c1: 8, c2: 16, classes: 10)
        let pixels = (0..<g.height * g.width).map { UInt8($0 % 256) }
        var numbers = Numbers(KernelCase(8, 16, k: 3), seed: UInt64(width))
        let scales = Self.scales + (0..<200).map { _ in (numbers.next(), abs(numbers.next()) + 0x1p-20) }
        for (mean, deviation) in scales {
            let expected = pixels.map { (Float($0) / 255 - mean) / deviation }
            for kernels in vectorKernels + [ScalarKernels.self] {
                var input = [Float](repeating: 0, count: g.inputCount)
                var ink = [InkSpan](repeating: .none, count: g.height)
                kernels.normalize(g, pixels: pixels, mean: mean, standardDeviation: deviation, input: &input, ink: &ink)
                let rows = (0..<g.height).map { y in (y + g.padding) * g.paddedWidth + g.padding }
                let actual = rows.flatMap { input[$0..<$0 + g.width] }
                let difference = actual.indices.first { actual[$0].bitPattern != expected[$0].bitPattern }
                #expect(difference == nil, "\(kernels.name), mean \(mean), deviation \(deviation), first at \(difference ?? -1)")
            }
        }
    }
}
