import CNNCore
import RandomStreams
import Testing

@Suite struct SmallCNNTests {
    @Test func parameterCountsAreTheStudys() throws {
        let counts = try Shape.study.map { try $0.model().parameterCount }
        #expect(counts == [32_618, 67_530, 34_794, 32_618])
        #expect(try SmallCNN() == Shape().model())
    }

    @Test func tensorsArePyTorchs() throws {
        let model = try Shape(c1: 3, c2: 5, k: 7, classes: 4, height: 6, width: 10, dropout: 0.1).model()
        #expect(model.padding == 3)
        #expect(model.pooledPositions == 15)
        #expect(model.features == 75)
        #expect(model.tensors.map(\.name) == ["conv1.weight", "conv1.bias", "conv2.weight", "conv2.bias", "fc.weight", "fc.bias"])
        #expect(model.tensors.map(\.shape) == [[3, 1, 7, 7], [3], [5, 3, 7, 7], [5], [4, 75], [4]])
        #expect(model.tensors.map(\.range) == [0..<147, 147..<150, 150..<885, 885..<890, 890..<1190, 1190..<1194])
        #expect(model.parameterCount == 1194)
    }

    @Test(
        arguments: [
            (Shape(c1: 0), "The model's c1 is 0; it must be 1 to 1024."),
            (Shape(c1: 1025), "The model's c1 is 1025; it must be 1 to 1024."),
            (Shape(c2: -1), "The model's c2 is -1; it must be 1 to 1024."),
            (Shape(c2: .max), "The model's c2 is \(Int.max); it must be 1 to 1024."),
            (Shape(k: 0), "The model's kernel size is 0; it must be 1 to 11."),
            (Shape(k: 13), "The model's kernel size is 13; it must be 1 to 11."),
            (Shape(k: 4), "The model's kernel size is 4; it must be an odd number, 1 to 11."),
            (Shape(classes: 0), "The model's classes is 0; it must be 1 to 1024."),
            (Shape(height: 0), "The model's image height is 0; it must be 2 to 256."),
            (Shape(width: 258), "The model's image width is 258; it must be 2 to 256."),
            (Shape(height: 27), "The model's image size is 27x28; it must be even numbers, because 2x2 pooling halves both."),
            (Shape(width: 5), "The model's image size is 28x5; it must be even numbers, because 2x2 pooling halves both."),
            (Shape(dropout: 1), "The model's dropout is 1.0; it must be at least 0 and less than 1."),
            (Shape(dropout: -0.1), "The model's dropout is -0.1; it must be at least 0 and less than 1."),
            (Shape(dropout: .nan), "The model's dropout is nan; it must be at least 0 and less than 1."),
        ])
    func whatCannotBeBuiltIsRefusedInASentence(_ shape: Shape, _ sentence: String) throws {
        let error = try #require(throws: ModelError.self) { try shape.model() }
        #expect(error.description == sentence)
    }

    @Test(
        arguments: [
            Shape(c1: 1, c2: 1, k: 1, classes: 1, height: 2, width: 2, dropout: 0), Shape(c1: 1024, c2: 1024, k: 11, height: 2, width: 256),
            Shape(classes: 1024, height: 256, dropout: 1 - 0x1p-53),
        ])
    func theLimitsThemselvesAreAllowed(_ shape: Shape) throws {
        let model = try shape.model()
        #expect(model.tensors.last?.range.upperBound == model.parameterCount)
    }

    /// Each tensor uniform in ±1/√fan_in: all within, and spread as widely and evenly as their number lets expect.
    @Test(arguments: Shape.study + [Shape(c1: 3, c2: 7, k: 11, classes: 30, height: 10, width: 6)])
    func initialParametersAreWithinTheirBounds(_ shape: Shape) throws {
        let model = try shape.model()
        var generator = MersenneTwister(seed: 42)
        let parameters = model.initialParameters(from: &generator)
        #expect(parameters.count == model.parameterCount)
        let fans = [model.kernelSize * model.kernelSize, model.firstChannels * model.kernelSize * model.kernelSize, model.features]
        for (i, tensor) in model.tensors.enumerated() {
            let bound = 1 / Double(fans[i / 2]).squareRoot()
            let values = parameters[tensor.range].map { Double($0) / bound }
            #expect(values.allSatisfy { abs($0) <= 1 + 1e-6 }, "\(tensor.name)")
            let count = Double(values.count)
            let (mean, square) = (values.reduce(0, +) / count, values.map { $0 * $0 }.reduce(0, +) / count)
            // Four standard errors of a uniform distribution's mean (0) and mean square (1/3).
            #expect(abs(mean) <= 4 * (1 / (3 * count)).squareRoot(), "\(tensor.name)")
            #expect(abs(square - 1.0 / 3) <= 4 * (4 / (45 * count)).squareRoot(), "\(tensor.name)")
        }
    }

    /// One draw a parameter, tensor by tensor, each weight before its bias.
    @Test func initialParametersFollowTheTensors() throws {
        let model = try Shape(c1: 3, c2: 7, k: 5, classes: 5, height: 10, width: 6).model()
        var drawn = MersenneTwister(seed: 9)
        let parameters = model.initialParameters(from: &drawn)
        var generator = MersenneTwister(seed: 9)
        let units = generator.uniform(count: model.parameterCount, bound: 1)
        #expect(drawn == generator)
        let fans = [25, 25, 75, 75, 105, 105]
        for (tensor, fan) in zip(model.tensors, fans) {
            for i in tensor.range {
                #expect(abs(Double(parameters[i]) * Double(fan).squareRoot() - Double(units[i])) <= 3e-7, "\(tensor.name)")
            }
        }
    }

    @Test func initialParametersDependOnTheSeedAlone() throws {
        let model = try SmallCNN()
        #expect(model.parameters(seed: 1) == model.parameters(seed: 1))
        #expect(model.parameters(seed: 1) != model.parameters(seed: 2))
    }
}
