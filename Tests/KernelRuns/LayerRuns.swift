package import CNNKernels

/// Spans for a geometry's rows where they do not matter.
package func noInk(_ g: Geometry) -> [InkSpan] { [InkSpan](repeating: .none, count: 8 * g.height) }

/// The first convolution's list where nothing is known of its output.
package func noTiles(_ g: Geometry) -> [Int32] { [Int32](repeating: -1, count: g.tileListCount) }

/// Means and standard deviations of images, and such as leave the range in which a product can be corrected to the quotient: differences and quotients that are subnormal, infinite or
/// barely normal.
package let normalizationScales: [(mean: Float, deviation: Float)] =
    [(0, 1), (-0.0, 3), (0.1307, 0.3081), (0.5, 0.25), (0.2860, 0.3530), (-7, 0.3)]
    + ([0x1p-149, 0x1.8p-61, 0x1p-60, 0x1.fffffep-30, 0x1p60, 0x1.000002p60, 0x1p127] as [Float]).flatMap { mean in
        ([0x1p-149, 0x1.5p-126, 0x1p-41, 0x1p-40, 0x1.fffffep-1, 0x1p40, 0x1.000002p40, .greatestFiniteMagnitude] as [Float]).map {
            (mean, $0)
        }
    }

// The network's layers, there and back.
extension KernelSet {
    /// All grey values, in rows of `width`.
    static func resultsOfNormalize(width: Int) -> [Written] {
        let g = Geometry(height: 256 / width + 1, width: width, kernelSize: 3, c1: 8, c2: 16, classes: 10)
        let pixels = (0..<g.height * g.width).map { UInt8($0 % 256) }
        return normalizationScales.map { (mean, deviation) in
            Written(g.inputCount) { input in
                var ink = [InkSpan](repeating: .none, count: g.height)
                normalize(g, pixels: pixels, mean: mean, standardDeviation: deviation, input: input, ink: &ink)
            }
        }
    }

    static func resultsOfFirstConvolution(_ kernelCase: KernelCase) -> [Written] {
        let g = kernelCase.geometry
        var numbers = Numbers(kernelCase, seed: 1)
        let input = numbers.image(g, channels: 1, stride: 1)
        let weights = numbers.padded(rows: g.taps, used: g.c1, stride: g.c1Stride)
        let bias = numbers.padded(rows: 1, used: g.c1, stride: g.c1Stride)
        return [
            Written(g.activationCount) { output in
                var tiles = noTiles(g)
                firstConvolution(g, input: input, weights: weights, bias: bias, ink: noInk(g), blank: nil, tiles: &tiles, output: output)
            }
        ]
    }

    static func resultsOfSecondConvolution(_ kernelCase: KernelCase) -> [Written] {
        let g = kernelCase.geometry
        var numbers = Numbers(kernelCase, seed: 2)
        let samples = kernelCase.samples
        let activations = (0..<samples).flatMap { _ in numbers.image(g, channels: g.c1, stride: g.c1Stride) }
        let weights = numbers.tensor(g.secondForwardWeightCount)
        let bias = numbers.padded(rows: 1, used: g.c2, stride: g.c2Stride)
        // Features, winners and scratch memory in one buffer, so that both are compared, and what lies behind the scratch memory is watched.
        let features = samples * g.featureCount
        return [
            Written(2 * features + g.secondForwardScratchCount) { result in
                (result + features).withMemoryRebound(to: Int32.self, capacity: features) { winners in
                    secondConvolution(
                        g, samples: samples, activations: activations, weights: weights, bias: bias, ink: noInk(g), blank: nil,
                        features: result, winners: winners, scratch: result + 2 * features)
                }
                (result + 2 * features).update(repeating: 0, count: g.secondForwardScratchCount)
            }
        ]
    }

    static func resultsOfLinear(_ kernelCase: KernelCase) -> [Written] {
        let g = kernelCase.geometry
        var numbers = Numbers(kernelCase, seed: 3)
        let features = numbers.padded(rows: kernelCase.samples * g.positions, used: g.c2, stride: g.c2Stride)
        let weights = numbers.padded(rows: g.classes * g.positions, used: g.c2, stride: g.c2Stride)
        let bias = numbers.tensor(g.classes)
        return [
            Written(kernelCase.samples * g.classes) {
                linear(g, samples: kernelCase.samples, features: features, weights: weights, bias: bias, logits: $0)
            }
        ]
    }

    static func resultsOfLinearWeightGradient(_ kernelCase: KernelCase) -> [Written] {
        let g = kernelCase.geometry
        var numbers = Numbers(kernelCase, seed: 4)
        let features = numbers.padded(rows: kernelCase.samples * g.positions, used: g.c2, stride: g.c2Stride)
        let logitGradients = numbers.tensor(kernelCase.samples * g.classes)
        let initial = numbers.padded(rows: g.classes * g.positions, used: g.c2, stride: g.c2Stride)
        return [false, true].map { adding in
            Written(g.linearWeightCount, initially: initial) {
                linearWeightGradient(
                    g, samples: kernelCase.samples, features: features, logitGradients: logitGradients, adding: adding, gradient: $0)
            }
        }
    }

    static func resultsOfLinearInputGradient(_ kernelCase: KernelCase) -> [Written] {
        let g = kernelCase.geometry
        var numbers = Numbers(kernelCase, seed: 5)
        let features = numbers.padded(rows: kernelCase.samples * g.positions, used: g.c2, stride: g.c2Stride)
        let weights = numbers.padded(rows: g.classes * g.positions, used: g.c2, stride: g.c2Stride)
        let logitGradients = numbers.tensor(kernelCase.samples * g.classes)
        return ([1, 1.25] as [Float]).map { scale in
            Written(features.count, initially: features) {
                linearInputGradient(
                    g, samples: kernelCase.samples, logitGradients: logitGradients, weights: weights, scale: scale, features: $0)
            }
        }
    }

    static func resultsOfSecondConvolutionBackward(_ kernelCase: KernelCase) -> [Written] {
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
        return [
            Written(initial.count, initially: initial) { result in
                secondConvolutionBackward(
                    g, featureGradients: featureGradients, winners: winners, activations: activations, weights: weights,
                    activationGradients: result, weightGradients: result + g.activationCount,
                    biasGradients: result + g.activationCount + g.secondWeightCount)
            }
        ]
    }

    static func resultsOfFirstConvolutionBackward(_ kernelCase: KernelCase) -> [Written] {
        let g = kernelCase.geometry
        var numbers = Numbers(kernelCase, seed: 7)
        let activations = numbers.image(g, channels: g.c1, stride: g.c1Stride)
        let input = numbers.image(g, channels: 1, stride: 1)
        // Gradients of activations, its border included, weights and biases in one buffer. The first ones are zero afterwards, the others accumulated to what is there.
        let initial =
            numbers.tensor(g.activationCount) + numbers.padded(rows: g.taps + 1, used: g.c1, stride: g.c1Stride)
        return [
            Written(initial.count, initially: initial) { result in
                let weightGradients = result + g.activationCount
                firstConvolutionBackward(
                    g, activationGradients: result, activations: activations, input: input, weightGradients: weightGradients,
                    biasGradients: weightGradients + g.firstWeightCount)
            }
        ]
    }

    static func resultsOfDropout(_ kernelCase: KernelCase) -> [Written] {
        let g = kernelCase.geometry
        var numbers = Numbers(kernelCase, seed: 8)
        let features = numbers.padded(rows: g.positions, used: g.c2, stride: g.c2Stride)
        return ([(0, 0, 0.2), (63, 12_345, 0.5), (7, 1, 0.97)] as [(UInt32, UInt32, Double)]).map { (sample, step, probability) in
            Written(g.featureCount, initially: features) {
                dropout(
                    g, features: $0, key: SIMD2(42, 7), sample: sample, step: step, threshold: UInt32(probability * 4_294_967_296),
                    scale: Float(1 / (1 - probability)))
            }
        }
    }

    static func resultsOfCrossEntropy(classes: Int, _ kind: KernelCase.Numbers) -> [Written] {
        var numbers = Numbers(KernelCase(1, 1, k: 1, kind), seed: UInt64(classes))
        var results: [Written] = []
        for samples in 1...8 {
            for scale: Float in [1, 30, 60, 1e4, .infinity] {
                var logits = numbers.tensor(samples * classes).map { $0 == 0 ? 0 : $0 * scale }
                // One in eight is far from all others.
                for index in stride(from: samples % 8, to: logits.count, by: 8) { logits[index] *= 1e3 }
                let labels = (0..<samples).map { UInt8(($0 * 7 + samples) % min(classes, 256)) }
                for withGradients in [true, false] {
                    // Gradients, the two halves of each loss, and predictions.
                    results.append(
                        Written(logits.count + 6 * samples) { result in
                            var losses = [Double](repeating: 0, count: samples)
                            var predictions = [UInt32](repeating: 0, count: samples)
                            crossEntropy(
                                samples: samples, classes: classes, logits: logits, labels: labels,
                                gradients: withGradients ? result : nil, losses: &losses, predictions: &predictions)
                            for sample in 0..<samples {
                                let loss = losses[sample].isNaN ? 0x7FF8_0000_0000_0000 : losses[sample].bitPattern
                                let words = [UInt32(truncatingIfNeeded: loss), UInt32(truncatingIfNeeded: loss >> 32), predictions[sample]]
                                for (place, word) in words.enumerated() {
                                    // As numbers of 16 bits, since all NaNs count as one.
                                    result[logits.count + sample * 6 + place * 2] = Float(word >> 16)
                                    result[logits.count + sample * 6 + place * 2 + 1] = Float(word & 0xFFFF)
                                }
                            }
                        })
                }
            }
        }
        return results
    }
}
