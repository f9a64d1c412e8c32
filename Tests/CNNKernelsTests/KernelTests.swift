import CNNKernels
import KernelRuns
import Testing

/// Every kernel of every instruction set that this machine has, against the scalar reference, bit for bit.
@Suite struct KernelTests {
    @Test func thereAreVectorKernelsForThisProcessor() {
        #expect(!vectorKernels.isEmpty)
    }

    @Test(arguments: KernelRun.all) func bitsAreThoseOfTheReference(_ run: KernelRun) {
        let expected = ScalarKernels.results(of: run)
        #expect(expected.allSatisfy { $0.isWithinBounds }, "the reference writes beside its result")
        for kernels in vectorKernels {
            let actual = kernels.results(of: run)
            #expect(actual.allSatisfy { $0.isWithinBounds }, "\(kernels.name) writes beside its result")
            #expect(actual.count == expected.count)
            for (place, (actual, expected)) in zip(actual, expected).enumerated() where actual != expected {
                let difference = expected.bits.indices.first { actual.bits[$0] != expected.bits[$0] }
                Issue.record("\(kernels.name) differs from the reference, first at \(difference ?? -1) of result \(place)")
            }
        }
    }

    @Test(arguments: KernelCase.all) func activationsGradientsAreZeroAfterTheirLastUse(_ kernelCase: KernelCase) {
        for kernels in vectorKernels + [ScalarKernels.self] {
            for result in kernels.results(of: .firstConvolutionBackward(kernelCase)) {
                #expect(result.values.prefix(kernelCase.geometry.activationCount).allSatisfy { $0 == 0 }, "\(kernels.name)")
            }
        }
    }

    @Test func adamLeavesNoMomentThatIsTooSmall() {
        for kernels in vectorKernels + [ScalarKernels.self] {
            for result in kernels.results(of: .adamForgetting) {
                for moment in result.values.prefix(result.values.count / 3 * 2) {
                    #expect(moment == 0 || moment.magnitude >= AdamCoefficients.leastMoment, "\(kernels.name)")
                }
            }
        }
    }

    @Test func adamReportsFiniteGradients() {
        for run in KernelRun.all {
            guard case .adam = run else { continue }
            for kernels in vectorKernels + [ScalarKernels.self] {
                for result in kernels.results(of: run) { #expect(result.values.last == 1, "\(kernels.name), \(run)") }
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
}
