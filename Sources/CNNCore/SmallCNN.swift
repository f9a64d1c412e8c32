/// The network of the study: Conv2d(1, c1, k), ReLU, Conv2d(c1, c2, k), ReLU, MaxPool2d(2), Flatten, Dropout(p), Linear(c2·H/2·W/2, classes).
///
/// Both convolutions have stride 1 and padding (k-1)/2, so the image keeps its size until the pooling halves it.
/// A value of this type describes a network that can be built: the initialiser refuses all others.
package struct SmallCNN: Sendable, Hashable {
    /// Channels of the first convolution's output, `c1`.
    package let firstChannels: Int
    /// Channels of the second convolution's output, `c2`.
    package let secondChannels: Int
    /// Side of both convolutions' square kernels: odd, 1 to 11.
    package let kernelSize: Int
    /// Number of classes, the length of a sample's logits.
    package let classes: Int
    /// Height of the images in pixels, even.
    package let height: Int
    /// Width of the images in pixels, even.
    package let width: Int
    /// Probability with which a feature is dropped before the linear layer, in training only: 0 ..< 1.
    package let dropout: Double

    /// Describes a network.
    ///
    /// - Throws: ``ModelError`` when a size is out of range; the sentence says which, and what is allowed.
    package init(
        firstChannels: Int = 8, secondChannels: Int = 16, kernelSize: Int = 3, classes: Int = 10, height: Int = 28, width: Int = 28,
        dropout: Double = 0
    ) throws(ModelError) {
        func check(_ name: String, _ value: Int, in range: ClosedRange<Int>) throws(ModelError) {
            guard range.contains(value) else {
                throw ModelError(setting: name, value: "\(value)", allowed: "\(range.lowerBound) to \(range.upperBound)")
            }
        }
        try check("c1", firstChannels, in: 1...1024)
        try check("c2", secondChannels, in: 1...1024)
        try check("kernel size", kernelSize, in: 1...11)
        guard kernelSize % 2 == 1 else {
            throw ModelError(setting: "kernel size", value: "\(kernelSize)", allowed: "an odd number, 1 to 11")
        }
        try check("classes", classes, in: 1...1024)
        try check("image height", height, in: 2...256)
        try check("image width", width, in: 2...256)
        guard height % 2 == 0, width % 2 == 0 else {
            throw ModelError(setting: "image size", value: "\(height)x\(width)", allowed: "even numbers, because 2x2 pooling halves both")
        }
        guard dropout >= 0, dropout < 1 else {
            throw ModelError(setting: "dropout", value: "\(dropout)", allowed: "at least 0 and less than 1")
        }
        self.firstChannels = firstChannels
        self.secondChannels = secondChannels
        self.kernelSize = kernelSize
        self.classes = classes
        self.height = height
        self.width = width
        self.dropout = dropout
    }

    /// Zeros around the image on each side, which keep a convolution's output as large as its input.
    package var padding: Int { (kernelSize - 1) / 2 }
    /// Positions of the pooled image, `H/2 · W/2`.
    package var pooledPositions: Int { (height / 2) * (width / 2) }
    /// Features that enter the linear layer: `c2 · H/2 · W/2`, in the order (channel, row, column).
    package var features: Int { secondChannels * pooledPositions }

    /// The parameters' tensors in the order of PyTorch's `state_dict`, with PyTorch's names and shapes; back to back they form the flat parameter vector.
    package var tensors: [ParameterTensor] {
        let k = kernelSize
        let shapes = [
            ("conv1.weight", [firstChannels, 1, k, k]), ("conv1.bias", [firstChannels]),
            ("conv2.weight", [secondChannels, firstChannels, k, k]), ("conv2.bias", [secondChannels]),
            ("fc.weight", [classes, features]), ("fc.bias", [classes]),
        ]
        var tensors: [ParameterTensor] = []
        var offset = 0
        for (name, shape) in shapes {
            let count = shape.reduce(1, *)
            tensors.append(ParameterTensor(name: name, shape: shape, range: offset..<offset + count))
            offset += count
        }
        return tensors
    }

    /// Number of parameters, all of them trainable: 32,618 for the study's baseline.
    package var parameterCount: Int {
        let taps = kernelSize * kernelSize
        return firstChannels * taps + firstChannels + secondChannels * firstChannels * taps + secondChannels + classes * features + classes
    }
}

/// One tensor within a flat parameter vector.
package struct ParameterTensor: Sendable, Hashable {
    /// PyTorch's name, such as `conv1.weight`.
    package let name: String
    /// PyTorch's shape: (out, in, row, column) for a convolution, (out, in) for the linear layer; row-major.
    package let shape: [Int]
    /// Where the tensor's elements stand in the flat vector.
    package let range: Range<Int>
}

/// A network that cannot be built.
package struct ModelError: Error, Hashable, CustomStringConvertible {
    let setting: String
    let value: String
    let allowed: String

    package var description: String { "The model's \(setting) is \(value); it must be \(allowed)." }
}
