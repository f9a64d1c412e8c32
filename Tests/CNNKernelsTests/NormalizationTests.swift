import CNNKernels
import KernelRuns
import Testing

/// Grey values become inputs by two divisions and a difference, each rounded, whatever the kernels do instead.
@Suite struct NormalizationTests {
    /// All grey values, in rows from the narrowest to wider ones than are looked at at once.
    @Test(arguments: [1, 7, 8, 15, 16, 17, 28, 32, 61, 64, 65]) func greysAreDividedAndRounded(width: Int) {
        let g = Geometry(height: 256 / width + 1, width: width, kernelSize: 3, c1: 8, c2: 16, classes: 10)
        let pixels = (0..<g.height * g.width).map { UInt8($0 % 256) }
        var numbers = Numbers(KernelCase(8, 16, k: 3), seed: UInt64(width))
        let scales = normalizationScales + (0..<200).map { _ in (numbers.next(), abs(numbers.next()) + 0x1p-20) }
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
