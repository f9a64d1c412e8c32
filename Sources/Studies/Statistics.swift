/// Mean and spread of some measurements.
package struct Sample: Sendable, Hashable {
    package let count: Int
    package let mean: Double
    /// The sample's standard deviation, with n - 1 in the denominator; nil for fewer than two measurements.
    package let standardDeviation: Double?

    /// Describes measurements; nil when there is none.
    package init?(_ values: [Double]) {
        guard !values.isEmpty else { return nil }
        let mean = values.reduce(0, +) / Double(values.count)
        self.count = values.count
        self.mean = mean
        standardDeviation =
            values.count < 2
            ? nil : (values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(values.count - 1)).squareRoot()
    }

    /// Half the width of the 95 % confidence interval of the mean by Student's t; nil for fewer than two measurements.
    package var confidenceHalfWidth: Double? {
        standardDeviation.map { studentQuantile95(degreesOfFreedom: count - 1) * $0 / Double(count).squareRoot() }
    }
}

/// The number that Student's t with some degrees of freedom, 1 or more, exceeds in absolute value with a probability of 5 %.
///
/// A table up to 30; beyond it the first terms of the expansion around the normal distribution, exact to three decimals.
package func studentQuantile95(degreesOfFreedom: Int) -> Double {
    let table = [
        12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228, 2.201, 2.179, 2.160, 2.145, 2.131, 2.120, 2.110, 2.101,
        2.093,
        2.086, 2.080, 2.074, 2.069, 2.064, 2.060, 2.056, 2.052, 2.048, 2.045, 2.042,
    ]
    if degreesOfFreedom <= table.count {
        return table[max(degreesOfFreedom, 1) - 1]
    }
    let z = 1.959964
    let z3 = z * z * z
    let z5 = z3 * z * z
    let n = Double(degreesOfFreedom)
    return z + (z3 + z) / (4 * n) + (5 * z5 + 16 * z3 + 3 * z) / (96 * n * n)
}

/// The standard error of the difference between two shares, each measured on `count` independent images: √(p₁(1-p₁)/n + p₂(1-p₂)/n).
package func standardErrorOfDifference(_ first: Double, _ second: Double, count: Int) -> Double {
    ((first * (1 - first) + second * (1 - second)) / Double(count)).squareRoot()
}
