package import RandomStreams

extension SmallCNN {
    /// The initial parameters, flat, as PyTorch draws them when the model is built.
    ///
    /// `Conv2d` and `Linear` draw weight, then bias, each uniform in ±1/√fan_in, in the order of the model's attributes. Source: `torch.nn.Conv2d` and
    /// `torch.nn.Linear`, `reset_parameters`.
    package func initialParameters(from generator: inout MersenneTwister) -> [Float] {
        let taps = kernelSize * kernelSize
        let fans = [taps, taps, firstChannels * taps, firstChannels * taps, features, features]
        var parameters: [Float] = []
        parameters.reserveCapacity(parameterCount)
        for (tensor, fan) in zip(tensors, fans) {
            let isWeight = tensor.shape.count > 1
            parameters += generator.uniform(count: tensor.range.count, bound: isWeight ? Self.weightBound(fan) : Self.biasBound(fan))
        }
        return parameters
    }

    /// `kaiming_uniform_(a: √5)`: gain √(2 / (1 + 5)) over √fan, times √3, in double precision and in PyTorch's order of operations.
    private static func weightBound(_ fan: Int) -> Float {
        let root5 = 5.0.squareRoot()
        let gain = (2.0 / (1 + root5 * root5)).squareRoot()
        return Float(3.0.squareRoot() * (gain / Double(fan).squareRoot()))
    }

    private static func biasBound(_ fan: Int) -> Float { Float(1 / Double(fan).squareRoot()) }
}
