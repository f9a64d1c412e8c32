import RandomStreams

/// The reference: one number after the other, in the order that ``KernelSet`` promises. Every other implementation is compared with it bit for bit.
package enum ScalarKernels: KernelSet {
    package static let name = "scalar"

    package static func normalize(
        _ g: Geometry, pixels: UnsafePointer<UInt8>, mean: Float, standardDeviation: Float, input: Output,
        ink: UnsafeMutablePointer<InkSpan>
    ) {
        for y in 0..<g.height {
            ink[y] = .none
            for x in 0..<g.width {
                let grey = pixels[y * g.width + x]
                input[(y + g.padding) * g.paddedWidth + x + g.padding] = (Float(grey) / 255 - mean) / standardDeviation
                if grey != 0 { ink[y] = InkSpan(first: min(ink[y].first, x), end: x + 1) }
            }
        }
    }

    package static func firstConvolution(
        _ g: Geometry, input: Input, weights: Input, bias: Input, ink: UnsafePointer<InkSpan>, blank: Input?,
        tiles: UnsafeMutablePointer<Int32>, output: Output
    ) {
        let (k, p) = (g.kernelSize, g.padding)
        for y in 0..<g.height {
            for x in 0..<g.width {
                let pixel = output + ((y + p) * g.paddedWidth + x + p) * g.c1Stride
                for c in 0..<g.c1Stride {
                    var sum = bias[c]
                    for ky in 0..<k {
                        for kx in 0..<k {
                            sum.addProduct(weights[(ky * k + kx) * g.c1Stride + c], input[(y + ky) * g.paddedWidth + x + kx])
                        }
                    }
                    pixel[c] = sum <= 0 ? 0 : sum
                }
            }
        }
    }

    package static func secondConvolution(
        _ g: Geometry, samples: Int, activations: Input, weights: Input, bias: Input, ink: UnsafePointer<InkSpan>, blank: BlankImage?,
        features: Output, winners: UnsafeMutablePointer<Int32>, scratch: Output
    ) {
        for sample in 0..<samples {
            secondConvolution(
                g, activations: activations + sample * g.activationCount, weights: weights, bias: bias,
                features: features + sample * g.featureCount, winners: winners + sample * g.featureCount)
        }
    }

    /// One sample.
    private static func secondConvolution(
        _ g: Geometry, activations: Input, weights: Input, bias: Input, features: Output, winners: UnsafeMutablePointer<Int32>
    ) {
        let pooledWidth = g.width / 2
        for c2 in 0..<g.c2Stride {
            let sums = secondConvolutionSums(g, activations: activations, weights: weights, c2: c2)
            for position in 0..<g.positions {
                var best = -Float.infinity
                var winner = 0
                for window in 0..<4 {
                    let y = position / pooledWidth * 2 + window / 2
                    let x = position % pooledWidth * 2 + window % 2
                    let sum = sums[y * g.width + x]
                    if window == 0 || sum > best || sum.isNaN { (best, winner) = (sum, (y * g.paddedWidth + x) * g.c1Stride) }
                }
                let feature = best + bias[c2]
                features[position * g.c2Stride + c2] = feature <= 0 ? 0 : feature
                winners[position * g.c2Stride + c2] = Int32(truncatingIfNeeded: winner)
            }
        }
    }

    package static func linear(_ g: Geometry, samples: Int, features: Input, weights: Input, bias: Input, logits: Output) {
        for sample in 0..<samples {
            for c in 0..<g.classes {
                var lanes = [Float](repeating: 0, count: 16)
                for i in 0..<g.featureCount {
                    lanes[i % 16].addProduct(weights[c * g.featureCount + i], features[sample * g.featureCount + i])
                }
                for half in [8, 4, 2, 1] {
                    for l in 0..<half { lanes[l] += lanes[l + half] }
                }
                logits[sample * g.classes + c] = lanes[0] + bias[c]
            }
        }
    }

    package static func linearWeightGradient(
        _ g: Geometry, samples: Int, features: Input, logitGradients: Input, adding: Bool, gradient: Output
    ) {
        for c in 0..<g.classes {
            for i in 0..<g.featureCount {
                var sum: Float = 0
                for sample in 0..<samples {
                    sum.addProduct(logitGradients[sample * g.classes + c], features[sample * g.featureCount + i])
                }
                gradient[c * g.featureCount + i] = adding ? gradient[c * g.featureCount + i] + sum : sum
            }
        }
    }

    package static func linearInputGradient(
        _ g: Geometry, samples: Int, logitGradients: Input, weights: Input, scale: Float, features: Output
    ) {
        for sample in 0..<samples {
            for i in 0..<g.featureCount {
                var sum: Float = 0
                for c in 0..<g.classes { sum.addProduct(logitGradients[sample * g.classes + c], weights[c * g.featureCount + i]) }
                let feature = sample * g.featureCount + i
                features[feature] = features[feature] > 0 ? sum * scale : 0
            }
        }
    }

    package static func secondConvolutionBackward(
        _ g: Geometry, featureGradients: Input, winners: UnsafePointer<Int32>, activations: Input, weights: Input,
        activationGradients: Output, weightGradients: Output, biasGradients: Output
    ) {
        for c2 in 0..<g.c2 {
            for position in 0..<g.positions where featureGradients[position * g.c2Stride + c2] != 0 {
                let gradient = featureGradients[position * g.c2Stride + c2]
                let corner = Int(winners[position * g.c2Stride + c2])
                biasGradients[c2] += gradient
                windowBackward(
                    g, gradient, activations: activations + corner, weights: weights + c2 * g.taps * g.c1Stride,
                    activationGradients: activationGradients + corner, weightGradients: weightGradients + c2 * g.taps * g.c1Stride)
            }
        }
    }

    /// The way back of one gradient; activations and their gradients begin at the top-left pixel under the kernel.
    private static func windowBackward(
        _ g: Geometry, _ gradient: Float, activations: Input, weights: Input, activationGradients: Output, weightGradients: Output
    ) {
        let k = g.kernelSize
        for ky in 0..<k {
            for kx in 0..<k {
                for c1 in 0..<g.c1Stride {
                    let weight = (ky * k + kx) * g.c1Stride + c1
                    let pixel = (ky * g.paddedWidth + kx) * g.c1Stride + c1
                    weightGradients[weight].addProduct(gradient, activations[pixel])
                    activationGradients[pixel].addProduct(gradient, weights[weight])
                }
            }
        }
    }

    package static func firstConvolutionBackward(
        _ g: Geometry, activationGradients: Output, activations: Input, input: Input, weightGradients: Output, biasGradients: Output
    ) {
        let (k, p) = (g.kernelSize, g.padding)
        for y in 0..<g.height {
            for x in 0..<g.width {
                let pixel = ((y + p) * g.paddedWidth + x + p) * g.c1Stride
                for c in 0..<g.c1Stride {
                    let gradient = activations[pixel + c] > 0 ? activationGradients[pixel + c] : 0
                    biasGradients[c] += gradient
                    for ky in 0..<k {
                        for kx in 0..<k {
                            weightGradients[(ky * k + kx) * g.c1Stride + c].addProduct(
                                gradient, input[(y + ky) * g.paddedWidth + x + kx])
                        }
                    }
                }
            }
        }
        activationGradients.update(repeating: 0, count: g.activationCount)
    }

    package static func crossEntropy(
        samples: Int, classes: Int, logits: Input, labels: UnsafePointer<UInt8>, gradients: Output?, losses: UnsafeMutablePointer<Double>,
        predictions: UnsafeMutablePointer<UInt32>
    ) {
        for sample in 0..<samples {
            let (loss, prediction) = Softmax.crossEntropy(
                logits: logits + sample * classes, classes: classes, label: Int(labels[sample]),
                gradient: gradients.map { $0 + sample * classes })
            losses[sample] = loss
            predictions[sample] = UInt32(prediction)
        }
    }

    package static func dropout(
        _ g: Geometry, features: Output, key: SIMD2<UInt32>, sample: UInt32, step: UInt32, threshold: UInt32, scale: Float
    ) {
        for position in 0..<g.positions {
            for c in 0..<g.c2 {
                let counter = SIMD4(UInt32(position), UInt32(c / 4), sample, step)
                let kept = Philox4x32.block(counter: counter, key: key)[c % 4] >= threshold
                let feature = position * g.c2Stride + c
                features[feature] = kept ? features[feature] * scale : 0
            }
        }
    }

    package static func add(count: Int, _ left: Input, _ right: Input, to sum: Output) {
        for i in 0..<count { sum[i] = left[i] + right[i] }
    }

    package static func adam(
        count: Int, coefficients k: AdamCoefficients, gradientSum: Input, addend: Input?, parameters: Input, updated: Output,
        firstMoment: Output, secondMoment: Output
    ) -> Bool {
        var finite = true
        for i in 0..<count {
            let gradient = (addend.map { gradientSum[i] + $0[i] } ?? gradientSum[i]) / k.sampleCount
            finite = finite && gradient.isFinite
            let first = firstMoment[i].addingProduct(gradient - firstMoment[i], k.oneMinusBeta1)
            let squared = gradient.zero(below: AdamCoefficients.leastSquared)
            let second = (secondMoment[i] * k.beta2).addingProduct(squared * squared, k.oneMinusBeta2)
            firstMoment[i] = first.zero(below: AdamCoefficients.leastMoment)
            secondMoment[i] = second.zero(below: AdamCoefficients.leastMoment)
            let denominator = secondMoment[i].squareRoot() / k.biasCorrection2Root + k.epsilon
            updated[i] = parameters[i].addingProduct(firstMoment[i] / denominator, -k.stepSize)
        }
        return finite
    }

    package static func transpose(
        matrices: Int, rows: Int, columns: Int, from source: Input, sourceStride: Int, to target: Output, targetStride: Int
    ) {
        for matrix in 0..<matrices {
            for row in 0..<rows {
                for column in 0..<columns {
                    target[(matrix * columns + column) * targetStride + row] = source[(matrix * rows + row) * sourceStride + column]
                }
            }
        }
    }
}

extension Float {
    /// The number, or 0 if it is of a smaller magnitude than `least`. NaN stays.
    fileprivate func zero(below least: Float) -> Float { magnitude < least ? 0 : self }
}
