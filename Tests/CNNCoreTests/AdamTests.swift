import RandomStreams
import Testing

@testable import CNNCore

@Suite struct AdamTests {
    /// Adam as Kingma and Ba write it, in double precision, with PyTorch's place of epsilon.
    struct PlainAdam {
        let (rate, beta1, beta2, epsilon): (Double, Double, Double, Double)
        var parameters: [Double]
        var first: [Double]
        var second: [Double]
        var (power1, power2) = (1.0, 1.0)

        init(_ hyperparameters: Adam.Hyperparameters, parameters: [Float]) {
            rate = hyperparameters.learningRate
            beta1 = hyperparameters.beta1
            beta2 = hyperparameters.beta2
            epsilon = hyperparameters.epsilon
            self.parameters = parameters.map(Double.init)
            first = parameters.map { _ in 0 }
            second = first
        }

        mutating func step(_ gradient: [Double]) {
            power1 *= beta1
            power2 *= beta2
            for (i, g) in gradient.enumerated() {
                first[i] = beta1 * first[i] + (1 - beta1) * g
                second[i] = beta2 * second[i] + (1 - beta2) * g * g
                parameters[i] -= rate * (first[i] / (1 - power1)) / ((second[i] / (1 - power2)).squareRoot() + epsilon)
            }
        }
    }

    /// 100 parameters: six whole vectors of 16 and a rest.
    static let count = 100

    @Test func defaultsAreTheStudys() {
        let hyperparameters = Adam.Hyperparameters()
        #expect(hyperparameters == Adam.Hyperparameters(learningRate: 1e-2, beta1: 0.9, beta2: 0.999, epsilon: 1e-8))
    }

    @Test(
        arguments: supportedInstructionSets,
        [Adam.Hyperparameters(), Adam.Hyperparameters(learningRate: 3e-4, beta1: 0.8, beta2: 0.95, epsilon: 1e-3)])
    func followsAdamInDoublePrecision(_ instructionSet: InstructionSet, _ hyperparameters: Adam.Hyperparameters) throws {
        var generator = MersenneTwister(seed: 1)
        var parameters = generator.uniform(count: Self.count, bound: 1)
        let adam = Adam(hyperparameters, count: Self.count, instructionSet: instructionSet)
        var plain = PlainAdam(hyperparameters, parameters: parameters)
        for step in 1...200 {
            // Sums over 1 to 64 samples, of magnitudes from 1e-3 to 1 from one parameter to the next.
            let samples = 1 + step % 64
            let mean = (0..<Self.count).map { generator.uniform(-1...1) / Float([1, 10, 100, 1000][$0 % 4]) }
            let sum = mean.map { $0 * Float(samples) }
            try adam.step(parameters: &parameters, gradientSum: sum, sampleCount: samples)
            plain.step(sum.map { Double($0) / Double(samples) })
            #expect(adam.stepCount == step)
            let distance = zip(parameters, plain.parameters).map { abs(Double($0) - $1) }.max() ?? .infinity
            // Each step rounds the parameter once, to 6e-8 at most, and moves it by a few times the learning rate, known to 1e-6 of itself.
            #expect(distance <= Double(step) * (6e-8 + 1e-6 * hyperparameters.learningRate), "step \(step)")
        }
    }

    /// Where no gradient comes any more, moments end as zeros: subnormal numbers would stay for ever, and cost some processors a hundred times the time. No parameter notices.
    @Test(arguments: supportedInstructionSets) func momentsFadeToZeros(_ instructionSet: InstructionSet) throws {
        var generator = MersenneTwister(seed: 4)
        var parameters = generator.uniform(count: Self.count, bound: 1)
        var expected = parameters
        var (first, second) = ([Float](repeating: 0, count: Self.count), [Float](repeating: 0, count: Self.count))
        var power = 1.0
        let adam = Adam(Adam.Hyperparameters(beta2: 0.9), count: Self.count, instructionSet: instructionSet)
        for step in 1...1200 {
            // In the beginning, half as large from one parameter to the next.
            let gradient = (0..<Self.count).map { place in
                step <= 3 ? generator.uniform(-1...1) * Float(sign: .plus, exponent: -place, significand: 1) : 0
            }
            try adam.step(parameters: &parameters, gradientSum: gradient, sampleCount: 1)
            // Without the rule.
            power *= 0.9
            let (stepSize, root) = (Float(1e-2 / (1 - power)), Float((1 - power).squareRoot()))
            for i in 0..<Self.count {
                first[i].addProduct(gradient[i] - first[i], Float(1 - 0.9))
                second[i] = (second[i] * 0.9).addingProduct(gradient[i] * gradient[i], Float(1 - 0.9))
                expected[i].addProduct(first[i] / (second[i].squareRoot() / root + 1e-8), -stepSize)
            }
            #expect(firstDifference(parameters, expected) == nil, "step \(step)")
        }
        #expect(first.contains { $0 != 0 && $0.isSubnormal })
        #expect(adam.state.firstMoment.allSatisfy { $0 == 0 })
        #expect(adam.state.secondMoment.allSatisfy { $0 == 0 })
    }

    @Test(arguments: supportedInstructionSets) func theFirstStepIsTheLearningRate(_ instructionSet: InstructionSet) throws {
        var generator = MersenneTwister(seed: 2)
        let gradient = generator.uniform(count: Self.count, bound: 50).map { abs($0) < 0.1 ? 0.1 : $0 }
        var parameters = [Float](repeating: 0, count: Self.count)
        let adam = Adam(Adam.Hyperparameters(), count: Self.count, instructionSet: instructionSet)
        #expect(adam.stepCount == 0)
        try adam.step(parameters: &parameters, gradientSum: gradient, sampleCount: 64)
        for (parameter, gradient) in zip(parameters, gradient) {
            #expect(abs(parameter + (gradient > 0 ? 1e-2 : -1e-2)) <= 1e-6 * 1e-2 * 10)
        }
    }

    /// With both biases corrected, a gradient that never changes moves a parameter by the learning rate in every step.
    @Test func aConstantGradientMovesByTheLearningRateEachStep() throws {
        let gradient: [Float] = (0..<Self.count).map { $0 % 2 == 0 ? 3 : -0.02 }
        var parameters = [Float](repeating: 0, count: Self.count)
        let adam = Adam(Adam.Hyperparameters(), count: Self.count, instructionSet: try .best())
        for _ in 1...300 {
            let before = parameters
            try adam.step(parameters: &parameters, gradientSum: gradient, sampleCount: 1)
            for i in parameters.indices {
                let move = parameters[i] - before[i]
                #expect(abs(move - (gradient[i] > 0 ? -1e-2 : 1e-2)) <= 2e-6)
            }
        }
    }

    @Test(arguments: supportedInstructionSets, [Float.nan, .infinity, -.infinity])
    func aGradientThatIsNotFiniteEndsTheRun(_ instructionSet: InstructionSet, _ value: Float) throws {
        for place in [0, 15, 17, Self.count - 1] {
            var parameters = [Float](repeating: 1, count: Self.count)
            var gradient = [Float](repeating: 1, count: Self.count)
            let adam = Adam(Adam.Hyperparameters(), count: Self.count, instructionSet: instructionSet)
            try adam.step(parameters: &parameters, gradientSum: gradient, sampleCount: 8)
            gradient[place] = value
            #expect(throws: NonFiniteGradient(step: 2), "\(place)") {
                try adam.step(parameters: &parameters, gradientSum: gradient, sampleCount: 8)
            }
        }
        #expect(
            NonFiniteGradient(step: 2).description
                == "The gradient of training step 2 is not finite: the run has diverged. A smaller learning rate may help.")
    }

    /// A state stays as it was when it was taken, whatever the optimiser does, and another one goes on from there: so a run can be saved and taken up again.
    @Test func stateIsAValue() throws {
        var generator = MersenneTwister(seed: 3)
        var parameters = generator.uniform(count: Self.count, bound: 1)
        let adam = Adam(Adam.Hyperparameters(), count: Self.count, instructionSet: try .best())
        func gradients(_ count: Int) -> [[Float]] { (0..<count).map { _ in generator.uniform(count: Self.count, bound: 1) } }
        for gradient in gradients(5) { try adam.step(parameters: &parameters, gradientSum: gradient, sampleCount: 1) }

        let (savedParameters, saved) = (parameters, adam.state)
        let rest = gradients(5)
        for gradient in rest { try adam.step(parameters: &parameters, gradientSum: gradient, sampleCount: 1) }
        var copiedParameters = savedParameters
        let copy = Adam(Adam.Hyperparameters(), count: Self.count, instructionSet: try .best())
        copy.state = saved
        #expect(copy.stepCount == 5)
        for gradient in rest { try copy.step(parameters: &copiedParameters, gradientSum: gradient, sampleCount: 1) }
        #expect(firstDifference(parameters, copiedParameters) == nil)
        #expect(copy.stepCount == 10)
        // A fresh optimiser goes elsewhere: the state counts.
        let fresh = Adam(Adam.Hyperparameters(), count: Self.count, instructionSet: try .best())
        var others = savedParameters
        for gradient in rest { try fresh.step(parameters: &others, gradientSum: gradient, sampleCount: 1) }
        #expect(firstDifference(parameters, others) != nil)
    }
}
