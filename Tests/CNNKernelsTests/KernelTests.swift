import CNNKernels
import Testing

/// Every kernel of every instruction set that this machine has, against the scalar reference, bit for bit.
@Suite struct KernelTests {
    @Test func thereAreVectorKernelsForThisProcessor() {
        #expect(!vectorKernels.isEmpty)
    }

    /// Runs `kernel` with the reference and with every other kernel set; all must leave the same bits in `result`, and none may write beside it.
    private func expectSameBits(
        _ count: Int, initially: [Float]? = nil, sourceLocation: SourceLocation = #_sourceLocation,
        _ kernel: (any KernelSet.Type, UnsafeMutablePointer<Float>) -> Void
    ) {
        func result(_ kernels: any KernelSet.Type) -> [UInt32] {
            let fence = [Float](repeating: 31, count: 64)
            var values = fence + (initially ?? [Float](repeating: 0.5, count: count)) + fence
            values.withUnsafeMutableBufferPointer { kernel(kernels, $0.baseAddress! + fence.count) }
            let isIntact = Array(values.prefix(fence.count)) == fence && Array(values.suffix(fence.count)) == fence
            #expect(isIntact, "\(kernels.name) writes beside the result", sourceLocation: sourceLocation)
            return bits(values)
        }
        let expected = result(ScalarKernels.self)
        for kernels in vectorKernels {
            let actual = result(kernels)
            let difference = actual.indices.first { actual[$0] != expected[$0] }
            #expect(
                difference == nil, "\(kernels.name) differs from the reference, first at \(difference ?? -1)",
                sourceLocation: sourceLocation)
        }
    }

    @Test(arguments: KernelCase.all) func firstConvolution(_ kernelCase: KernelCase) {
        let g = kernelCase.geometry
        var numbers = Numbers(kernelCase, seed: 1)
        let input = numbers.image(g, channels: 1, stride: 1)
        let weights = numbers.padded(rows: g.taps, used: g.c1, stride: g.c1Stride)
        let bias = numbers.padded(rows: 1, used: g.c1, stride: g.c1Stride)
        expectSameBits(g.activationCount) {
            var tiles = noTiles(g)
            $0.firstConvolution(g, input: input, weights: weights, bias: bias, ink: noInk(g), blank: nil, tiles: &tiles, output: $1)
        }
    }

    @Test(arguments: KernelCase.all) func secondConvolution(_ kernelCase: KernelCase) {
        let g = kernelCase.geometry
        var numbers = Numbers(kernelCase, seed: 2)
        let samples = kernelCase.samples
        let activations = (0..<samples).flatMap { _ in numbers.image(g, channels: g.c1, stride: g.c1Stride) }
        let weights = numbers.tensor(g.secondForwardWeightCount)
        let bias = numbers.padded(rows: 1, used: g.c2, stride: g.c2Stride)
        // Features, winners and scratch memory in one buffer, so that both are compared, and what lies behind the scratch memory is watched.
        let features = samples * g.featureCount
        expectSameBits(2 * features + g.secondForwardScratchCount) { kernels, result in
            (result + features).withMemoryRebound(to: Int32.self, capacity: features) { winners in
                kernels.secondConvolution(
                    g, samples: samples, activations: activations, weights: weights, bias: bias, ink: noInk(g), blank: nil,
                    features: result, winners: winners, scratch: result + 2 * features)
            }
            (result + 2 * features).update(repeating: 0, count: g.secondForwardScratchCount)
        }
    }

    @Test(arguments: KernelCase.all) func linear(_ kernelCase: KernelCase) {
        let g = kernelCase.geometry
        var numbers = Numbers(kernelCase, seed: 3)
        let features = numbers.padded(rows: kernelCase.samples * g.positions, used: g.c2, stride: g.c2Stride)
        let weights = numbers.padded(rows: g.classes * g.positions, used: g.c2, stride: g.c2Stride)
        let bias = numbers.tensor(g.classes)
        expectSameBits(kernelCase.samples * g.classes) {
            $0.linear(g, samples: kernelCase.samples, features: features, weights: weights, bias: bias, logits: $1)
        }
    }

    @Test(arguments: KernelCase.all) func linearWeightGradient(_ kernelCase: KernelCase) {
        let g = kernelCase.geometry
        var numbers = Numbers(kernelCase, seed: 4)
        let features = numbers.padded(rows: kernelCase.samples * g.positions, used: g.c2, stride: g.c2Stride)
        let logitGradients = numbers.tensor(kernelCase.samples * g.classes)
        let initial = numbers.padded(rows: g.classes * g.positions, used: g.c2, stride: g.c2Stride)
        for adding in [false, true] {
            expectSameBits(g.linearWeightCount, initially: initial) {
                $0.linearWeightGradient(
                    g, samples: kernelCase.samples, features: features, logitGradients: logitGradients, adding: adding, gradient: $1)
            }
        }
    }

    @Test(arguments: KernelCase.all) func linearInputGradient(_ kernelCase: KernelCase) {
        let g = kernelCase.geometry
        var numbers = Numbers(kernelCase, seed: 5)
        let features = numbers.padded(rows: kernelCase.samples * g.positions, used: g.c2, stride: g.c2Stride)
        let weights = numbers.padded(rows: g.classes * g.positions, used: g.c2, stride: g.c2Stride)
        let logitGradients = numbers.tensor(kernelCase.samples * g.classes)
        for scale: Float in [1, 1.25] {
            expectSameBits(features.count, initially: features) {
                $0.linearInputGradient(
                    g, samples: kernelCase.samples, logitGradients: logitGradients, weights: weights, scale: scale, features: $1)
            }
        }
    }

    @Test(arguments: KernelCase.all) func secondConvolutionBackward(_ kernelCase: KernelCase) {
        let g = kernelCase.geometry
        var numbers = Numbers(kernelCase, seed: 6)
        let activations = numbers.image(g, channels: g.c1, stride: g.c1Stride)
        let weights = numbers.padded(rows: g.c2 * g.taps, used: g.c1, stride: g.c1Stride)
        let gate = numbers.padded(rows: g.positions, used: g.c2, stride: g.c2Stride)
        let featureGradients = gate.map { $0 > 0.1 || $0.isNaN ? $0 : 0 }
        let winners = (0..<g.featureCount).map { feature in
            let position = feature / g.c2Stride
            let window = feature &* 2_654_435_761 >> 7 & 3
            let y = position / (g.width / 2) * 2 + window / 2
            let x = position % (g.width / 2) * 2 + window % 2
            return Int32((y * g.paddedWidth + x) * g.c1Stride)
        }
        // Gradients of activations, weights and biases in one buffer, all of them accumulated to what is there.
        let initial =
            numbers.image(g, channels: g.c1, stride: g.c1Stride) + numbers.padded(rows: g.c2 * g.taps, used: g.c1, stride: g.c1Stride)
            + numbers.tensor(g.c2Stride)
        expectSameBits(initial.count, initially: initial) { kernels, result in
            kernels.secondConvolutionBackward(
                g, featureGradients: featureGradients, winners: winners, activations: activations, weights: weights,
                activationGradients: result, weightGradients: result + g.activationCount,
                biasGradients: result + g.activationCount + g.secondWeightCount)
        }
    }

    @Test(arguments: KernelCase.all) func firstConvolutionBackward(_ kernelCase: KernelCase) {
        let g = kernelCase.geometry
        var numbers = Numbers(kernelCase, seed: 7)
        let activations = numbers.image(g, channels: g.c1, stride: g.c1Stride)
        let input = numbers.image(g, channels: 1, stride: 1)
        // Gradients of activations, its border included, weights and biases in one buffer. The first ones are zero afterwards, the others accumulated to what is there.
        let initial =
            numbers.tensor(g.activationCount) + numbers.padded(rows: g.taps + 1, used: g.c1, stride: g.c1Stride)
        expectSameBits(initial.count, initially: initial) { kernels, result in
            let weightGradients = result + g.activationCount
            kernels.firstConvolutionBackward(
                g, activationGradients: result, activations: activations, input: input, weightGradients: weightGradients,
                biasGradients: weightGradients + g.firstWeightCount)
            #expect((0..<g.activationCount).allSatisfy { result[$0] == 0 })
        }
    }

    @Test(arguments: KernelCase.all) func dropout(_ kernelCase: KernelCase) {
        let g = kernelCase.geometry
        var numbers = Numbers(kernelCase, seed: 8)
        let features = numbers.padded(rows: g.positions, used: g.c2, stride: g.c2Stride)
        for (sample, step, probability) in [(0, 0, 0.2), (63, 12_345, 0.5), (7, 1, 0.97)] as [(UInt32, UInt32, Double)] {
            expectSameBits(g.featureCount, initially: features) {
                $0.dropout(
                    g, features: $1, key: SIMD2(42, 7), sample: sample, step: step, threshold: UInt32(probability * 4_294_967_296),
                    scale: Float(1 / (1 - probability)))
            }
        }
    }

    @Test(arguments: [0, 1, 15, 16, 17, 100, 32_618]) func add(_ count: Int) {
        var numbers = Numbers(KernelCase.all[0], seed: 9)
        let addend = numbers.tensor(count + 1)
        let first = numbers.tensor(count + 1)
        expectSameBits(count, initially: first) { $0.add(count: count, $1, addend, to: $1) }
        expectSameBits(count + 1) { $0.add(count: count, first, addend, to: $1) }
    }

    @Test(arguments: [1, 2, 3, 10, 15, 16, 17, 26, 64, 1024], [KernelCase.Numbers.ordinary, .coarse, .tiny, .notFinite])
    func crossEntropy(_ classes: Int, _ kind: KernelCase.Numbers) {
        var numbers = Numbers(KernelCase(1, 1, k: 1, kind), seed: UInt64(classes))
        for samples in 1...8 {
            for scale: Float in [1, 30, 60, 1e4, .infinity] {
                var logits = numbers.tensor(samples * classes).map { $0 == 0 ? 0 : $0 * scale }
                // One in eight is far from all others.
                for index in stride(from: samples % 8, to: logits.count, by: 8) { logits[index] *= 1e3 }
                let labels = (0..<samples).map { UInt8(($0 * 7 + samples) % min(classes, 256)) }
                for withGradients in [true, false] {
                    // Gradients, the two halves of each loss, and predictions.
                    expectSameBits(logits.count + 6 * samples) { kernels, result in
                        var losses = [Double](repeating: 0, count: samples)
                        var predictions = [UInt32](repeating: 0, count: samples)
                        kernels.crossEntropy(
                            samples: samples, classes: classes, logits: logits, labels: labels, gradients: withGradients ? result : nil,
                            losses: &losses, predictions: &predictions)
                        for sample in 0..<samples {
                            let loss = losses[sample].isNaN ? 0x7FF8_0000_0000_0000 : losses[sample].bitPattern
                            let words = [UInt32(truncatingIfNeeded: loss), UInt32(truncatingIfNeeded: loss >> 32), predictions[sample]]
                            for (place, word) in words.enumerated() {
                                // As numbers of 16 bits, since all NaNs count as one.
                                result[logits.count + sample * 6 + place * 2] = Float(word >> 16)
                                result[logits.count + sample * 6 + place * 2 + 1] = Float(word & 0xFFFF)
                            }
                        }
                    }
                }
            }
        }
    }

    @Test(arguments: [0, 1, 15, 16, 17, 100, 32_618], [64, 16, 1, 65_536, 7, 48, 63] as [Float]) func adam(
        _ count: Int, _ sampleCount: Float
    ) {
        var numbers = Numbers(KernelCase.all[0], seed: 10)
        let gradients = numbers.tensor(count + 1)
        // First moment, second moment, parameters, room for other ones, and a number that nobody may touch.
        let moments = numbers.tensor(count) + numbers.tensor(count).map(abs)
        let initial = moments + numbers.tensor(count) + [Float](repeating: .nan, count: count) + [0]
        let coefficients = AdamCoefficients(
            sampleCount: sampleCount, oneMinusBeta1: 0.1, beta2: 0.999, oneMinusBeta2: 0.001, biasCorrection2Root: 0.0447, epsilon: 1e-8,
            stepSize: 0.05)
        let addend = numbers.tensor(count + 1)
        let sum = zip(gradients, addend).map { $0 + $1 }
        for (place, isSplit) in [(2 * count, false), (2 * count, true), (3 * count, false), (3 * count, true)] {
            expectSameBits(initial.count, initially: initial) { kernels, result in
                let isFinite = kernels.adam(
                    count: count, coefficients: coefficients, gradientSum: isSplit ? gradients : sum, addend: isSplit ? addend : nil,
                    parameters: result + 2 * count, updated: result + place, firstMoment: result, secondMoment: result + count)
                #expect(isFinite)
            }
        }
    }

    /// Every tenth of the numbers that Adam divides its square roots by, and roots of all sizes.
    @Test func adamDividesRootsAsADivisionDoes() {
        let biasCorrections = (1...2_000).map { 1 - (0.999 as Double).power($0 * 10) }
        var numbers = Numbers(KernelCase.all[0], seed: 14)
        let divisors: [Float] = biasCorrections.map { Float($0.squareRoot()) } + [1, Float(1).nextDown, 0x1p-20, 0x1p-21, 2, 0]
        for divisor in divisors {
            let special: [Float] = [0, .leastNonzeroMagnitude, .leastNormalMagnitude, .greatestFiniteMagnitude, .infinity]
            let scattered = numbers.tensor(91).enumerated().map { place, number in
                abs(number) * Float(sign: .plus, exponent: place * 3 - 140, significand: 1)
            }
            let seconds = special + scattered
            let count = seconds.count
            // Neither the gradient nor beta2 changes the second moment; the parameters become the negated quotients' reciprocals.
            let initial = [Float](repeating: 1, count: count) + seconds + [Float](repeating: 0, count: count)
            let coefficients = AdamCoefficients(
                sampleCount: 1, oneMinusBeta1: 0, beta2: 1, oneMinusBeta2: 0, biasCorrection2Root: divisor, epsilon: 0, stepSize: 1)
            let gradients = [Float](repeating: 1, count: count)
            expectSameBits(initial.count, initially: initial) { kernels, result in
                _ = kernels.adam(
                    count: count, coefficients: coefficients, gradientSum: gradients, addend: nil, parameters: result + 2 * count,
                    updated: result + 2 * count, firstMoment: result, secondMoment: result + count)
            }
        }
    }

    /// Gradients and moments of all magnitudes, subnormal ones among them, and the least ones that count with their neighbours.
    @Test func adamForgetsWhatIsTooSmall() {
        var numbers = Numbers(KernelCase.all[0], seed: 15)
        let limits = [AdamCoefficients.leastMoment, AdamCoefficients.leastSquared].flatMap { [$0.nextDown, $0, $0.nextUp] }
        func magnitudes(_ count: Int) -> [Float] {
            numbers.tensor(count).enumerated().map { place, number in
                place % 8 < limits.count ? limits[place % 8] : number * Float(sign: .plus, exponent: -place % 160, significand: 1)
            }
        }
        let count = 999
        let gradients = magnitudes(count)
        let initial = magnitudes(count) + magnitudes(count).reversed().map(abs) + numbers.tensor(count)
        // Moments that stay but for the rule, and ordinary ones.
        for (oneMinusBeta1, beta2, oneMinusBeta2) in [(0, 1, 1), (0.1, 0.999, 0.001)] as [(Float, Float, Float)] {
            let coefficients = AdamCoefficients(
                sampleCount: 1, oneMinusBeta1: oneMinusBeta1, beta2: beta2, oneMinusBeta2: oneMinusBeta2, biasCorrection2Root: 0.0447,
                epsilon: 1e-8, stepSize: 0.05)
            expectSameBits(initial.count, initially: initial) { kernels, result in
                _ = kernels.adam(
                    count: count, coefficients: coefficients, gradientSum: gradients, addend: nil, parameters: result + 2 * count,
                    updated: result + 2 * count, firstMoment: result, secondMoment: result + count)
                for moment in UnsafeBufferPointer(start: result, count: 2 * count) {
                    #expect(moment == 0 || moment.magnitude >= AdamCoefficients.leastMoment, "\(kernels.name)")
                }
            }
        }
    }

    @Test(arguments: [0, 5, 15, 16, 31, 32, 39], [Float.nan, .infinity, -.infinity]) func adamReportsAGradientThatIsNotFinite(
        _ place: Int, _ value: Float
    ) {
        var gradients = [Float](repeating: 1, count: 40)
        gradients[place] = value
        let coefficients = AdamCoefficients(
            sampleCount: 64, oneMinusBeta1: 0.1, beta2: 0.999, oneMinusBeta2: 0.001, biasCorrection2Root: 0.0447, epsilon: 1e-8,
            stepSize: 0.05)
        for kernels in vectorKernels + [ScalarKernels.self] {
            var state = [Float](repeating: 1, count: 120)
            let isFinite = state.withUnsafeMutableBufferPointer {
                kernels.adam(
                    count: 40, coefficients: coefficients, gradientSum: gradients, addend: nil, parameters: $0.baseAddress!,
                    updated: $0.baseAddress!, firstMoment: $0.baseAddress! + 40, secondMoment: $0.baseAddress! + 80)
            }
            #expect(!isFinite, "\(kernels.name)")
        }
    }

    @Test(arguments: KernelCase.all) func packSecondConvolution(_ kernelCase: KernelCase) {
        let g = kernelCase.geometry
        var numbers = Numbers(kernelCase, seed: 12)
        let weights = numbers.tensor(g.c2 * g.c1 * g.taps)
        expectSameBits(g.secondForwardWeightCount) { $0.packSecondConvolution(g, from: weights, to: $1) }
    }

    @Test(arguments: KernelCase.all) func channelsLastAndFirst(_ kernelCase: KernelCase) {
        let g = kernelCase.geometry
        var numbers = Numbers(kernelCase, seed: 11)
        func check(matrices: Int, channels: Int, positions: Int, stride: Int) {
            let first = numbers.tensor(matrices * channels * positions)
            expectSameBits(matrices * positions * stride) {
                $0.transpose(
                    matrices: matrices, rows: channels, columns: positions, from: first, sourceStride: positions, to: $1,
                    targetStride: stride)
            }
            let last = numbers.padded(rows: matrices * positions, used: channels, stride: stride)
            expectSameBits(first.count) {
                $0.transpose(
                    matrices: matrices, rows: positions, columns: channels, from: last, sourceStride: stride, to: $1,
                    targetStride: positions)
            }
        }
        check(matrices: 1, channels: g.c1, positions: g.taps, stride: g.c1Stride)
        check(matrices: g.c2, channels: g.c1, positions: g.taps, stride: g.c1Stride)
        check(matrices: g.classes, channels: g.c2, positions: g.positions, stride: g.c2Stride)
    }
}

extension Double {
    fileprivate func power(_ exponent: Int) -> Double { (0..<exponent).reduce(1) { product, _ in product * self } }
}
