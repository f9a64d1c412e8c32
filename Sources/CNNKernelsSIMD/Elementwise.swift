import CNNKernels
import CVectors

/// Operations that treat each element of a vector alike.
enum Elementwise {
    typealias Vector = SIMD16<Float>

    /// Numbers from the one that is computed to the one that is asked for, in a step of Adam: some 130 ns.
    private static let prefetchDistance = 256

    static func add(count: Int, _ left: Input, _ right: Input, to sum: Output) {
        let whole = count / 16 * 16
        for i in stride(from: 0, to: whole, by: 16) { (Vector.load(left + i) + Vector.load(right + i)).store(to: sum + i) }
        for i in whole..<count { sum[i] = left[i] + right[i] }
    }

    static func adam(
        count: Int, coefficients k: AdamCoefficients, gradientSum: Input, addend: Input?, parameters: Input, updated: Output,
        firstMoment: Output, secondMoment: Output
    ) -> Bool {
        let whole = count / 16 * 16
        let reciprocal = 1 / k.sampleCount
        // Where the reciprocal is exact, of a power of two, a product is the quotient, and takes a fraction of its time.
        let isExact = k.sampleCount.significand == 1 && reciprocal.isNormal
        let root = RootDivisor(k.biasCorrection2Root)
        // Here, not in the loop: another module's constants are behind a call.
        let (leastMoment, leastSquared) = (AdamCoefficients.leastMoment, AdamCoefficients.leastSquared)
        // A finite value times 0 is 0; infinity and NaN times 0 are NaN, which no addition takes away.
        var poison = Vector.zero
        for i in stride(from: 0, to: whole, by: 16) {
            if prefetchesForAdam {
                // Workers have read or written most of it since, and the core may be one of theirs, whose cache is better left to them.
                let ahead = i + prefetchDistance
                vector_prefetch_for_one_use(gradientSum + ahead)
                if let addend { vector_prefetch_for_one_use(addend + ahead) }
                vector_prefetch_for_one_use(parameters + ahead)
                vector_prefetch_for_one_use(updated + ahead)
                vector_prefetch_for_one_use(firstMoment + ahead)
                vector_prefetch_for_one_use(secondMoment + ahead)
            }
            var sum = Vector.load(gradientSum + i)
            if let addend { sum += Vector.load(addend + i) }
            let gradient = isExact ? sum * Vector(repeating: reciprocal) : sum / Vector(repeating: k.sampleCount)
            poison.addProduct(gradient, Vector.zero)
            let before = Vector.load(firstMoment + i)
            let first = vector_without_smaller_16(
                before.addingProduct(gradient - before, Vector(repeating: k.oneMinusBeta1)), leastMoment)
            let squared = vector_without_smaller_16(gradient, leastSquared)
            let second = vector_without_smaller_16(
                (Vector.load(secondMoment + i) * k.beta2).addingProduct(squared * squared, Vector(repeating: k.oneMinusBeta2)),
                leastMoment)
            let denominator = root.quotient(second.squareRoot()) + k.epsilon
            first.store(to: firstMoment + i)
            second.store(to: secondMoment + i)
            let result = Vector.load(parameters + i).addingProduct(first / denominator, Vector(repeating: -k.stepSize))
            result.store(to: updated + i)
        }
        let rest = ScalarKernels.adam(
            count: count - whole, coefficients: k, gradientSum: gradientSum + whole, addend: addend.map { $0 + whole },
            parameters: parameters + whole, updated: updated + whole, firstMoment: firstMoment + whole, secondMoment: secondMoment + whole)
        var finite = rest
        for lane in 0..<16 { finite = finite && poison[lane] == 0 }
        return finite
    }
}

/// Division of square roots by one number. A root is 0 or at least 2^-75.
private struct RootDivisor {
    private let divisor: KnownDivisor
    /// Whether the remainder of any root is exact.
    private let isCorrectable: Bool

    init(_ divisor: Float) {
        self.divisor = KnownDivisor(divisor)
        isCorrectable = divisor >= 0x1p-20 && divisor <= 1
    }

    @inline(__always) func quotient(_ root: Elementwise.Vector) -> Elementwise.Vector {
        guard isCorrectable else { return root / Elementwise.Vector(repeating: divisor.divisor) }
        // Infinity has no remainder.
        return divisor.quotient(root).replacing(with: root, where: root .== .infinity)
    }
}
