import CNNKernels

/// Operations that treat each element of a vector alike.
enum Elementwise {
    typealias Vector = SIMD16<Float>

    static func add(count: Int, _ left: Input, _ right: Input, to sum: Output) {
        let whole = count / 16 * 16
        for i in stride(from: 0, to: whole, by: 16) { (Vector.load(left + i) + Vector.load(right + i)).store(to: sum + i) }
        for i in whole..<count { sum[i] = left[i] + right[i] }
    }

    static func adam(
        count: Int, coefficients k: AdamCoefficients, gradientSum: Input, parameters: Input, updated: Output, copy: Output?,
        firstMoment: Output, secondMoment: Output
    ) -> Bool {
        let whole = count / 16 * 16
        let reciprocal = 1 / k.sampleCount
        // Where the reciprocal is exact, of a power of two, a product is the quotient, and takes a fraction of its time.
        let isExact = k.sampleCount.significand == 1 && reciprocal.isNormal
        // A finite value times 0 is 0; infinity and NaN times 0 are NaN, which no addition takes away.
        var poison = Vector.zero
        for i in stride(from: 0, to: whole, by: 16) {
            let sum = Vector.load(gradientSum + i)
            let gradient = isExact ? sum * Vector(repeating: reciprocal) : sum / Vector(repeating: k.sampleCount)
            poison.addProduct(gradient, Vector.zero)
            let moment = Vector.load(firstMoment + i)
            let first = moment.addingProduct(gradient - moment, Vector(repeating: k.oneMinusBeta1))
            let second = (Vector.load(secondMoment + i) * k.beta2).addingProduct(gradient * gradient, Vector(repeating: k.oneMinusBeta2))
            let denominator = second.squareRoot() / Vector(repeating: k.biasCorrection2Root) + k.epsilon
            first.store(to: firstMoment + i)
            second.store(to: secondMoment + i)
            let result = Vector.load(parameters + i).addingProduct(first / denominator, Vector(repeating: -k.stepSize))
            result.store(to: updated + i)
            if let copy { result.store(to: copy + i) }
        }
        let rest = ScalarKernels.adam(
            count: count - whole, coefficients: k, gradientSum: gradientSum + whole, parameters: parameters + whole,
            updated: updated + whole, copy: copy.map { $0 + whole }, firstMoment: firstMoment + whole, secondMoment: secondMoment + whole)
        var finite = rest
        for lane in 0..<16 { finite = finite && poison[lane] == 0 }
        return finite
    }
}
