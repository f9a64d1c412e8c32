import CNNKernels

/// The optimiser Adam with bias correction, as `torch.optim.Adam` computes it (Kingma and Ba, 2015).
package final class Adam {
    package struct Hyperparameters: Sendable, Hashable {
        package let learningRate: Double
        package let beta1: Double
        package let beta2: Double
        package let epsilon: Double

        package init(learningRate: Double = 1e-2, beta1: Double = 0.9, beta2: Double = 0.999, epsilon: Double = 1e-8) {
            self.learningRate = learningRate
            self.beta1 = beta1
            self.beta2 = beta2
            self.epsilon = epsilon
        }
    }

    private let hyperparameters: Hyperparameters
    private let instructionSet: InstructionSet
    /// Steps taken.
    package private(set) var stepCount = 0
    // The moments begin on pages, as parameters and gradients in shared memory do: a processor takes a load for one of what was stored a little before if the last 12 bits of their addresses are alike,
    // and with moments anywhere a step takes up to twice as long.
    private let firstMoment: FloatBuffer
    private let secondMoment: FloatBuffer
    /// beta1 and beta2 to the power of `stepCount`, by repeated multiplication: `pow` differs from one libm to the next.
    private var beta1Power = 1.0
    private var beta2Power = 1.0

    /// An optimiser of `count` parameters before its first step.
    package init(_ hyperparameters: Hyperparameters, count: Int, instructionSet: InstructionSet) {
        self.hyperparameters = hyperparameters
        self.instructionSet = instructionSet
        firstMoment = FloatBuffer(count: count, alignment: .page)
        secondMoment = FloatBuffer(count: count, alignment: .page)
    }

    /// All that changes from step to step.
    package struct State: Sendable, Hashable {
        package var stepCount: Int
        /// Flat, in the parameters' order, as is the second one.
        package var firstMoment: [Float]
        package var secondMoment: [Float]
        package var beta1Power: Double
        package var beta2Power: Double

        package init(stepCount: Int, firstMoment: [Float], secondMoment: [Float], beta1Power: Double, beta2Power: Double) {
            self.stepCount = stepCount
            self.firstMoment = firstMoment
            self.secondMoment = secondMoment
            self.beta1Power = beta1Power
            self.beta2Power = beta2Power
        }
    }

    /// Where the optimiser stands. Setting it takes up a saved run, whose moments are as long as the parameters.
    package var state: State {
        get {
            State(
                stepCount: stepCount, firstMoment: firstMoment.array, secondMoment: secondMoment.array, beta1Power: beta1Power,
                beta2Power: beta2Power)
        }
        set {
            precondition(
                newValue.firstMoment.count == firstMoment.count && newValue.secondMoment.count == firstMoment.count,
                "moments of another model")
            stepCount = newValue.stepCount
            firstMoment.base.update(from: newValue.firstMoment, count: firstMoment.count)
            secondMoment.base.update(from: newValue.secondMoment, count: secondMoment.count)
            beta1Power = newValue.beta1Power
            beta2Power = newValue.beta2Power
        }
    }

    /// Takes a step against the mean gradient of `sampleCount` samples.
    ///
    /// - Parameters:
    ///   - parameters: flat, as many as the optimiser was made for.
    ///   - gradientSum: the sum of the samples' gradients, in the same order.
    /// - Throws: ``NonFiniteGradient`` when a gradient is infinite or NaN; parameters and optimiser are of no use then.
    package func step(
        parameters: UnsafeMutableBufferPointer<Float>, gradientSum: UnsafeBufferPointer<Float>, sampleCount: Int
    ) throws(NonFiniteGradient) {
        try step(from: UnsafeBufferPointer(parameters), to: parameters, gradientSum: gradientSum, addend: nil, sampleCount: sampleCount)
    }

    /// Takes a step against the mean gradient of a mini-batch.
    ///
    /// - Parameters:
    ///   - parameters: flat, as many as the optimiser was made for.
    ///   - updated: the parameters after the step, as many.
    ///   - total: the sum of the samples' gradients, in the same order; its last addition is done on the way.
    ///   - sampleCount: samples of the mini-batch.
    /// - Throws: ``NonFiniteGradient`` when a gradient is infinite or NaN; parameters and optimiser are of no use then.
    package func step(
        from parameters: FloatVector, to updated: UnsafeMutableBufferPointer<Float>, against total: TreeSum.Total, sampleCount: Int
    ) throws(NonFiniteGradient) {
        defer { withExtendedLifetime((parameters, total)) {} }
        try step(
            from: parameters.numbers, to: updated, gradientSum: total.sum.gradient.numbers, addend: total.addend?.numbers,
            sampleCount: sampleCount)
    }

    /// - Parameters:
    ///   - updated: may be the same memory as `parameters`.
    ///   - addend: what is still to be added to the gradients' sum, if there is anything.
    private func step(
        from parameters: UnsafeBufferPointer<Float>, to updated: UnsafeMutableBufferPointer<Float>,
        gradientSum: UnsafeBufferPointer<Float>, addend: UnsafeBufferPointer<Float>?, sampleCount: Int
    ) throws(NonFiniteGradient) {
        let count = firstMoment.count
        precondition(
            parameters.count == count && updated.count == count && gradientSum.count == count && addend?.count ?? count == count,
            "one gradient a parameter")
        stepCount += 1
        beta1Power *= hyperparameters.beta1
        beta2Power *= hyperparameters.beta2
        let coefficients = AdamCoefficients(
            sampleCount: Float(sampleCount), oneMinusBeta1: Float(1 - hyperparameters.beta1), beta2: Float(hyperparameters.beta2),
            oneMinusBeta2: Float(1 - hyperparameters.beta2), biasCorrection2Root: Float((1 - beta2Power).squareRoot()),
            epsilon: Float(hyperparameters.epsilon), stepSize: Float(hyperparameters.learningRate / (1 - beta1Power)))
        let isFinite = instructionSet.kernels.adam(
            count: count, coefficients: coefficients, gradientSum: gradientSum.baseAddress!, addend: addend?.baseAddress,
            parameters: parameters.baseAddress!, updated: updated.baseAddress!, firstMoment: firstMoment.base,
            secondMoment: secondMoment.base)
        guard isFinite else { throw NonFiniteGradient(step: stepCount) }
    }
}

/// A gradient was infinite or not a number.
package struct NonFiniteGradient: Error, Hashable, CustomStringConvertible {
    /// The optimiser's step, from 1.
    package let step: Int

    package var description: String {
        "The gradient of training step \(step) is not finite: the run has diverged. A smaller learning rate may help."
    }
}
