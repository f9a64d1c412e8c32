import CNNKernels
import RandomStreams
import Testing

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// Exponential, logarithm and cross entropy against the C library's.
@Suite struct SoftmaxTests {
    @Test func exponentialIsWithinTwoUnitsInTheLastPlace() {
        var generator = MersenneTwister(seed: 1)
        var worst = (distance: 0.0, x: 0.0)
        // Densely over the whole range, and more densely where differences of logits lie.
        for i in 0..<60_000 {
            let unit = (Double(i) + Double(generator.next32()) * 0x1p-32) / 60_000
            for range in [-Softmax.leastExponent, 20, 1, 1e-3] {
                let distance = unitsInTheLastPlace(Softmax.exponential(-unit * range), exp(-unit * range))
                if distance > worst.distance { worst = (distance, -unit * range) }
            }
        }
        #expect(worst.distance <= 2, "at \(worst.x)")
        #expect(worst.distance > 0, "never a difference: was anything compared?")
    }

    @Test func exponentialAtTheEnds() {
        #expect(Softmax.exponential(0) == 1)
        #expect(Softmax.exponential(-0.0) == 1)
        #expect(Softmax.exponential(-.leastNonzeroMagnitude) == 1)
        let least = Softmax.leastExponent
        #expect(Softmax.exponential(least) > 0)
        #expect(unitsInTheLastPlace(Softmax.exponential(least), exp(least)) <= 2)
        for x in [least.nextDown, -1e4, -1e300, -.infinity] { #expect(Softmax.exponential(x) == 0, "\(x)") }
        #expect(Softmax.exponential(.nan).isNaN)
    }

    @Test func logarithmIsWithinThreeUnitsInTheLastPlaceNearOne() {
        var worst = (distance: 0.0, x: 0.0)
        for i in 0..<100_000 {
            // Sums of exponentials of up to 1024 classes: 1 to 1024, densest at 1; and a little below 1.
            let unit = Double(i) / 100_000
            for x in [1 + unit, 1 + unit * 1e-4, 1 - unit / 4] {
                let distance = unitsInTheLastPlace(Softmax.logarithm(x), log(x))
                if distance > worst.distance { worst = (distance, x) }
            }
        }
        #expect(worst.distance <= 3, "at \(worst.x)")
        #expect(worst.distance > 0, "never a difference: was anything compared?")
    }

    @Test func logarithmIsWithinAFewUnitsEverywhere() {
        var worst = (distance: 0.0, x: 0.0)
        for i in 0..<100_000 {
            let unit = Double(i) / 100_000
            for x in [1 + unit * 1023, 0.5 + unit, exp(unit * 1400 - 700)] where x != 1 {
                let distance = abs(Softmax.logarithm(x) - log(x)) / abs(log(x))
                if distance > worst.distance { worst = (distance, x) }
            }
        }
        #expect(worst.distance <= 1e-15, "at \(worst.x)")
    }

    @Test func logarithmAtTheEnds() {
        #expect(Softmax.logarithm(1) == 0)
        for x in [2.0, 0.5, 1024, .leastNormalMagnitude, .leastNonzeroMagnitude, .greatestFiniteMagnitude] {
            #expect(abs(Softmax.logarithm(x) - log(x)) <= 1e-15 * abs(log(x)), "\(x)")
        }
        #expect(Softmax.logarithm(.infinity) == .infinity)
        #expect(Softmax.logarithm(.nan).isNaN)
    }

    @Test(arguments: [1, 2, 3, 10, 26, 1024]) func crossEntropyFollowsItsDefinition(_ classes: Int) {
        var generator = MersenneTwister(seed: UInt64(classes))
        for bound: Float in [1e-3, 1, 30, 1e4] {
            let logits = generator.uniform(count: classes, bound: bound)
            let label = Int(generator.next32()) % classes
            let (loss, prediction, gradient) = crossEntropy(logits, label: label)

            let largest = Double(logits.max() ?? 0)
            let exponentials = logits.map { exp(Double($0) - largest) }
            let sum = exponentials.reduce(0, +)
            let expected = log(sum) + largest - Double(logits[label])
            #expect(abs(loss - expected) <= 1e-12 * max(1, Double(bound)), "±\(bound)")
            #expect(loss >= 0)
            #expect(prediction == logits.firstIndex(of: logits.max() ?? 0), "±\(bound)")
            for c in 0..<classes {
                let slope = exponentials[c] / sum - (c == label ? 1 : 0)
                #expect(abs(Double(gradient[c]) - slope) <= 0x1p-24, "±\(bound), class \(c)")
            }
            #expect(abs(gradient.map(Double.init).reduce(0, +)) <= Double(classes) * 0x1p-25, "±\(bound)")
            // Without room for a gradient the rest is the same.
            let withoutGradient = Softmax.crossEntropy(logits: logits, classes: classes, label: label, gradient: nil)
            #expect(withoutGradient == (loss, prediction))
        }
    }

    @Test func extremeLogitsGiveExtremeLossesButFiniteOnes() {
        let certain = crossEntropy([1e4, -1e4, 0], label: 0)
        #expect(certain.loss == 0 && certain.prediction == 0 && certain.gradient == [0, 0, 0])
        let wrong = crossEntropy([1e4, -1e4, 0], label: 1)
        #expect(wrong.loss == 2e4 && wrong.prediction == 0 && wrong.gradient == [1, -1, 0])
        let largest = Float.greatestFiniteMagnitude
        let farthest = crossEntropy([-largest, largest], label: 0)
        #expect(farthest.loss == 2 * Double(largest) && farthest.prediction == 1 && farthest.gradient == [-1, 1])
    }

    /// As in PyTorch: -inf on another class is a probability of 0; all else that is not finite shows.
    @Test func logitsThatAreNotFiniteShowInTheLoss() {
        for value in [Float.nan, .infinity, -.infinity] {
            for place in 0..<4 {
                for label in 0..<4 {
                    var logits: [Float] = [0.5, 2, -1, 0]
                    logits[place] = value
                    let (loss, prediction, gradient) = crossEntropy(logits, label: label)
                    let isHarmless = value == -.infinity && place != label
                    #expect(loss.isFinite == isHarmless, "\(logits), label \(label)")
                    #expect((0..<4).contains(prediction))
                    #expect(gradient.allSatisfy(\.isFinite) == (value == -.infinity), "\(logits), label \(label)")
                }
            }
            let (loss, prediction, _) = crossEntropy([value, value, value], label: 1)
            #expect(!loss.isFinite && (0..<3).contains(prediction))
        }
    }

    @Test(
        arguments: [
            ([1, 1, 1], 0), ([0, 3, 3], 1), ([-2, -1, -3, -1], 1), ([5], 0), ([-0.0, 0.0], 0), ([0.0, -0.0], 0),
            ([.infinity, .infinity], 0),
        ] as [([Float], Int)])
    func ofTheLargestLogitsTheFirstIsPredicted(_ logits: [Float], _ expected: Int) {
        for label in logits.indices { #expect(crossEntropy(logits, label: label).prediction == expected) }
    }

    private func crossEntropy(_ logits: [Float], label: Int) -> (loss: Double, prediction: Int, gradient: [Float]) {
        var gradient = [Float](repeating: .nan, count: logits.count)
        let (loss, prediction) = Softmax.crossEntropy(logits: logits, classes: logits.count, label: label, gradient: &gradient)
        return (loss, prediction, gradient)
    }

    private func unitsInTheLastPlace(_ value: Double, _ reference: Double) -> Double { abs(value - reference) / reference.ulp }
}
