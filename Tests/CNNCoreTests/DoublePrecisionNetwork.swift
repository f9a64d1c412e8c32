import CNNCore
import RandomStreams

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// The forward pass in double precision, written from the layers' definitions alone: PyTorch's tensors, loop by loop.
///
/// Loops are `while` over unsafe buffers: it runs unoptimised, thousands of times a test.
struct DoublePrecisionNetwork {
    let model: SmallCNN
    let batch: Batch
    let isTraining: Bool
    /// (sample, row, column).
    private let inputs: [Double]
    /// Dropout's factor of each feature: 0 or 1 / (1 - p), (sample, c2, row, column).
    private let dropoutFactors: [Double]

    /// What the mini-batch comes to.
    struct Outcome {
        /// Sum of the samples' cross entropies.
        var lossSum = 0.0
        var predictions: [Int] = []
        /// Smallest distance between a sample's largest and second largest logit.
        var margin = Double.infinity
        /// Which way each ReLU and each pooling window went: where it is the same, the loss is smooth in between.
        var branches: [UInt8] = []
    }

    init(model: SmallCNN, batch: Batch, isTraining: Bool) {
        self.model = model
        self.batch = batch
        self.isTraining = isTraining
        let (mean, deviation) = (Double(batch.normalization.mean), Double(batch.normalization.standardDeviation))
        inputs = batch.pixels.map { (Double($0) / 255 - mean) / deviation }
        var factors: [Double] = []
        for sample in batch.labels.indices {
            for c2 in 0..<model.secondChannels {
                for position in 0..<model.pooledPositions {
                    let word = Philox4x32.block(
                        counter: SIMD4(UInt32(position), UInt32(c2 / 4), UInt32(sample), batch.step),
                        key: SIMD2(UInt32(truncatingIfNeeded: batch.seed), UInt32(batch.seed >> 32)))[c2 % 4]
                    let isKept = !isTraining || Double(word) >= (model.dropout * 0x1p32).rounded(.down)
                    factors.append(isKept ? isTraining ? 1 / (1 - model.dropout) : 1 : 0)
                }
            }
        }
        dropoutFactors = factors
    }

    /// Runs the network with flat parameters in the order of `SmallCNN.tensors`.
    func outcome(_ parameters: [Double]) -> Outcome {
        var outcome = Outcome()
        let tensors = model.tensors.map { Array(parameters[$0.range]) }
        for sample in batch.labels.indices {
            let size = model.height * model.width
            var first = convolution(Array(inputs[sample * size..<(sample + 1) * size]), channels: 1, tensors[0], tensors[1])
            for i in first.indices {
                outcome.branches.append(first[i] > 0 ? 1 : 0)
                first[i] = max(first[i], 0)
            }
            let second = convolution(first, channels: model.firstChannels, tensors[2], tensors[3])
            let features = pooled(second, sample: sample, &outcome.branches)
            add(logits: linear(features, tensors[4], tensors[5]), label: Int(batch.labels[sample]), to: &outcome)
        }
        return outcome
    }

    /// A convolution of stride 1 that keeps the image's size. `input` is (channel, row, column), `weights` (out, in, ky, kx).
    private func convolution(_ input: [Double], channels: Int, _ weights: [Double], _ bias: [Double]) -> [Double] {
        let (height, width, k, padding) = (model.height, model.width, model.kernelSize, model.padding)
        return [Double](unsafeUninitializedCapacity: bias.count * height * width) { output, count in
            count = bias.count * height * width
            input.withUnsafeBufferPointer { input in
                weights.withUnsafeBufferPointer { weights in
                    var i = 0
                    while i < count {
                        let (out, y, x) = (i / (height * width), i / width % height, i % width)
                        var sum = bias[out]
                        var channel = 0
                        while channel < channels {
                            var ky = max(0, padding - y)
                            while ky < min(k, height + padding - y) {
                                let row = (channel * height + y + ky - padding) * width - padding + x
                                let taps = ((out * channels + channel) * k + ky) * k
                                var kx = max(0, padding - x)
                                let end = min(k, width + padding - x)
                                while kx < end {
                                    sum += weights[taps + kx] * input[row + kx]
                                    kx += 1
                                }
                                ky += 1
                            }
                            channel += 1
                        }
                        output[i] = sum
                        i += 1
                    }
                }
            }
        }
    }

    /// ReLU, 2x2 max-pooling and dropout: (channel, row, column) halves its rows and columns.
    private func pooled(_ image: [Double], sample: Int, _ branches: inout [UInt8]) -> [Double] {
        let (height, width) = (model.height, model.width)
        var features: [Double] = []
        for c2 in 0..<model.secondChannels {
            for y in stride(from: 0, to: height, by: 2) {
                for x in stride(from: 0, to: width, by: 2) {
                    let corner = (c2 * height + y) * width + x
                    let window = [image[corner], image[corner + 1], image[corner + width], image[corner + width + 1]].map { max($0, 0) }
                    let largest = window.max() ?? 0
                    branches.append(largest > 0 ? UInt8(1 + (window.firstIndex(of: largest) ?? 0)) : 0)
                    features.append(largest * dropoutFactors[sample * model.features + features.count])
                }
            }
        }
        return features
    }

    /// `weights` are (class, feature).
    private func linear(_ features: [Double], _ weights: [Double], _ bias: [Double]) -> [Double] {
        bias.indices.map { c in
            var sum = bias[c]
            var i = 0
            while i < features.count {
                sum += weights[c * features.count + i] * features[i]
                i += 1
            }
            return sum
        }
    }

    private func add(logits: [Double], label: Int, to outcome: inout Outcome) {
        let descending = logits.sorted(by: >)
        outcome.lossSum += descending[0] + log(logits.map { exp($0 - descending[0]) }.reduce(0, +)) - logits[label]
        outcome.predictions.append(logits.firstIndex(of: descending[0]) ?? 0)
        if logits.count > 1 { outcome.margin = min(outcome.margin, descending[0] - descending[1]) }
    }
}
