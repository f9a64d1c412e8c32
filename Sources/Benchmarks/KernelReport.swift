/// What a measurement of the kernels has found, in the order of measuring.
package struct KernelReport: Sendable, Encodable {
    /// The instruction set that was measured.
    package let instructionSet: String
    /// Multiply-adds in registers alone count as two operations each: billions of operations a second on one core.
    package let peakGigaflops: Double
    package let models: [ModelReport]

    private enum CodingKeys: String, CodingKey {
        case instructionSet = "instruction_set"
        case peakGigaflops = "peak_gflops"
        case models
    }
}

/// One network's kernels.
package struct ModelReport: Sendable, Encodable {
    /// The network in words, such as `8->16 k3`.
    package let name: String
    package let rows: [Row]
    /// The time of the additions by the canonical tree, which sums in order of arrival in one accumulator would not need, as a share of a step without them.
    package let costOfExactness: Double

    private enum CodingKeys: String, CodingKey {
        case name, rows
        case costOfExactness = "cost_of_exactness"
    }

    /// A kernel, or a part of a step.
    package struct Row: Sendable, Encodable {
        package let name: String
        /// Time for each `unit`.
        package let microseconds: Double
        package let unit: Unit
        /// Billions of floating-point operations a second by the dense count; nil where there are none to speak of.
        package let gigaflops: Double?
        /// `gigaflops` as a share of the peak.
        package let shareOfPeak: Double?

        private enum CodingKeys: String, CodingKey {
            case name, microseconds, unit
            case gigaflops = "effective_gflops"
            case shareOfPeak = "share_of_peak"
        }
    }

    /// What a time is the time of.
    package enum Unit: String, Sendable, Encodable {
        case sample, step
    }
}
