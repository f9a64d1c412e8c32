import CNNKernels

// What is done with parameters and gradients as a whole.
extension KernelSet {
    static func resultsOfPackSecondConvolution(_ kernelCase: KernelCase) -> [Written] {
        let g = kernelCase.geometry
        var numbers = Numbers(kernelCase, seed: 12)
        let weights = numbers.tensor(g.c2 * g.c1 * g.taps)
        return [Written(g.secondForwardWeightCount) { packSecondConvolution(g, from: weights, to: $0) }]
    }

    /// Channels last and channels first, of the weights of every layer.
    static func resultsOfTranspose(_ kernelCase: KernelCase) -> [Written] {
        let g = kernelCase.geometry
        var numbers = Numbers(kernelCase, seed: 11)
        func results(matrices: Int, channels: Int, positions: Int, stride: Int) -> [Written] {
            let first = numbers.tensor(matrices * channels * positions)
            let last = numbers.padded(rows: matrices * positions, used: channels, stride: stride)
            return [
                Written(matrices * positions * stride) {
                    transpose(
                        matrices: matrices, rows: channels, columns: positions, from: first, sourceStride: positions, to: $0,
                        targetStride: stride)
                },
                Written(first.count) {
                    transpose(
                        matrices: matrices, rows: positions, columns: channels, from: last, sourceStride: stride, to: $0,
                        targetStride: positions)
                },
            ]
        }
        return results(matrices: 1, channels: g.c1, positions: g.taps, stride: g.c1Stride)
            + results(matrices: g.c2, channels: g.c1, positions: g.taps, stride: g.c1Stride)
            + results(matrices: g.classes, channels: g.c2, positions: g.positions, stride: g.c2Stride)
    }

    /// With the sum where a summand was, and elsewhere.
    static func resultsOfAdd(count: Int) -> [Written] {
        var numbers = Numbers(KernelCase.all[0], seed: 9)
        let addend = numbers.tensor(count + 1)
        let first = numbers.tensor(count + 1)
        return [
            Written(count, initially: Array(first.prefix(count))) { add(count: count, $0, addend, to: $0) },
            Written(count + 1) { add(count: count, first, addend, to: $0) },
        ]
    }

    /// First moment, second moment, parameters, room for other ones, and whether all gradients were finite.
    static func resultsOfAdam(count: Int, sampleCount: Float) -> [Written] {
        var numbers = Numbers(KernelCase.all[0], seed: 10)
        let gradients = numbers.tensor(count + 1)
        let moments = numbers.tensor(count) + numbers.tensor(count).map { abs($0) }
        let initial = moments + numbers.tensor(count) + [Float](repeating: .nan, count: count + 1)
        let coefficients = AdamCoefficients(
            sampleCount: sampleCount, oneMinusBeta1: 0.1, beta2: 0.999, oneMinusBeta2: 0.001, biasCorrection2Root: 0.0447, epsilon: 1e-8,
            stepSize: 0.05)
        let addend = numbers.tensor(count + 1)
        let sum = (0...count).map { gradients[$0] + addend[$0] }
        return ([(2, false), (2, true), (3, false), (3, true)] as [(Int, Bool)]).map { (place, isSplit) in
            Written(initial.count, initially: initial) { result in
                let isFinite = addend.withUnsafeBufferPointer { addend in
                    adam(
                        count: count, coefficients: coefficients, gradientSum: isSplit ? gradients : sum,
                        addend: isSplit ? addend.baseAddress : nil, parameters: result + 2 * count, updated: result + place * count,
                        firstMoment: result, secondMoment: result + count)
                }
                result[4 * count] = isFinite ? 1 : 0
            }
        }
    }

    /// Every tenth of the numbers that Adam divides its square roots by, and roots of all sizes.
    static func resultsOfAdamDivision() -> [Written] {
        func power(_ base: Double, _ exponent: Int) -> Double { (0..<exponent).reduce(1) { product, _ in product * base } }
        let biasCorrections = (1...2_000).map { 1 - power(0.999, $0 * 10) }
        var numbers = Numbers(KernelCase.all[0], seed: 14)
        let divisors: [Float] = biasCorrections.map { Float($0.squareRoot()) } + [1, Float(1).nextDown, 0x1p-20, 0x1p-21, 2, 0]
        return divisors.map { divisor in
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
            return adamResult(coefficients, gradients: [Float](repeating: 1, count: count), initially: initial)
        }
    }

    /// Gradients and moments of all magnitudes, subnormal ones among them, and the least ones that count with their neighbours.
    static func resultsOfAdamForgetting() -> [Written] {
        var numbers = Numbers(KernelCase.all[0], seed: 15)
        let limits = [AdamCoefficients.leastMoment, AdamCoefficients.leastSquared].flatMap { [$0.nextDown, $0, $0.nextUp] }
        func magnitudes(_ count: Int) -> [Float] {
            numbers.tensor(count).enumerated().map { place, number in
                place % 8 < limits.count ? limits[place % 8] : number * Float(sign: .plus, exponent: -place % 160, significand: 1)
            }
        }
        let count = 999
        let gradients = magnitudes(count)
        let initial = magnitudes(count) + magnitudes(count).reversed().map { abs($0) } + numbers.tensor(count)
        // Moments that stay but for the rule, and ordinary ones.
        return ([(0, 1, 1), (0.1, 0.999, 0.001)] as [(Float, Float, Float)]).map { (oneMinusBeta1, beta2, oneMinusBeta2) in
            let coefficients = AdamCoefficients(
                sampleCount: 1, oneMinusBeta1: oneMinusBeta1, beta2: beta2, oneMinusBeta2: oneMinusBeta2, biasCorrection2Root: 0.0447,
                epsilon: 1e-8, stepSize: 0.05)
            return adamResult(coefficients, gradients: gradients, initially: initial)
        }
    }

    /// A step of Adam in place: first moments, second moments and parameters.
    private static func adamResult(_ coefficients: AdamCoefficients, gradients: [Float], initially initial: [Float]) -> Written {
        let count = gradients.count
        return Written(initial.count, initially: initial) { result in
            _ = adam(
                count: count, coefficients: coefficients, gradientSum: gradients, addend: nil, parameters: result + 2 * count,
                updated: result + 2 * count, firstMoment: result, secondMoment: result + count)
        }
    }
}
