import CNNCore
import RandomStreams
import Testing

/// Loss, predictions and gradients against an independent network in double precision.
///
/// That the engine's bits are the scalar reference's is shown elsewhere; here it is shown that they are the right numbers.
@Suite struct DoublePrecisionTests {
    @Test(
        arguments: Shape.study + [
            Shape(c1: 5, c2: 12, k: 7, height: 12, width: 20, dropout: 0.5), Shape(c1: 9, c2: 17, k: 1, classes: 26, height: 4, width: 6),
            Shape(c1: 2, c2: 3, k: 9, classes: 3, height: 8, width: 6), Shape(c1: 1, c2: 33, k: 11, classes: 2, height: 2, width: 14),
        ])
    func lossAndPredictionsAgree(_ shape: Shape) throws {
        let model = try shape.model()
        let samples = model.height == 28 ? 3 : 19
        let batch = Batch(model, samples: samples)
        let parameters = model.parameters()
        let engine = try GradientEngine(model, parameters: parameters)

        let training = DoublePrecisionNetwork(model: model, batch: batch, isTraining: true).outcome(parameters.map(Double.init))
        let sum = engine.sum(of: batch)
        #expect(abs(sum.lossSum - training.lossSum) <= 1e-6 * training.lossSum)
        try #require(training.margin > 1e-5, "a tie that rounding decides: another seed is needed")
        #expect(sum.correct == zip(training.predictions, batch.labels).count { $0 == Int($1) })

        let evaluated = DoublePrecisionNetwork(model: model, batch: batch, isTraining: false).outcome(parameters.map(Double.init))
        let (statistics, predictions) = engine.evaluation(in: batch)
        #expect(abs(statistics.lossSum - evaluated.lossSum) <= 1e-6 * evaluated.lossSum)
        try #require(evaluated.margin > 1e-5, "a tie that rounding decides: another seed is needed")
        #expect(predictions.map(Int.init) == evaluated.predictions)
    }

    /// Every element of every tensor of a network that is small enough; of larger ones some of each tensor.
    @Test(
        arguments: [
            Shape(c1: 2, c2: 3, k: 1, classes: 3, height: 4, width: 6), Shape(c1: 3, c2: 5, k: 3, classes: 4, height: 4, width: 6),
            Shape(c1: 3, c2: 2, k: 3, classes: 3, height: 6, width: 4, dropout: 0.4),
            Shape(c1: 2, c2: 3, k: 5, classes: 4, height: 4, width: 4),
            Shape(c1: 2, c2: 3, k: 7, classes: 2, height: 4, width: 6), Shape(c1: 1, c2: 1, k: 3, classes: 1, height: 2, width: 2),
            Shape(c1: 9, c2: 17, k: 3, classes: 6, height: 4, width: 6, dropout: 0.25),
            Shape(c1: 8, c2: 16, k: 3, height: 8, width: 8), Shape(c1: 16, c2: 32, k: 3, height: 6, width: 6),
            Shape(c1: 8, c2: 16, k: 5, height: 6, width: 6), Shape(c1: 8, c2: 16, k: 3, height: 8, width: 8, dropout: 0.2),
        ])
    func gradientsAreTheSlopesOfTheLoss(_ shape: Shape) throws {
        let model = try shape.model()
        let batch = Batch(model, samples: 3, seed: 2, everywhere: true)
        let parameters = model.parameters()
        let gradient = try GradientEngine(model, parameters: parameters).sum(of: batch).gradient.array
        let network = DoublePrecisionNetwork(model: model, batch: batch, isTraining: true)
        let here = parameters.map(Double.init)
        let branches = network.outcome(here).branches
        var generator = MersenneTwister(seed: 3)
        for tensor in model.tensors {
            let largest = gradient[tensor.range].map(abs).max() ?? 0
            #expect(largest > 0 || model.classes == 1, "\(tensor.name) gets no gradient")
            let elements = model.parameterCount < 400 ? Array(tensor.range) : Array(generator.shuffled(Array(tensor.range)).prefix(16))
            for element in elements {
                let measured = slope(of: network, at: here, along: element, within: branches)
                let slope = try #require(measured, "a kink at \(tensor.name): another seed is needed")
                #expect(
                    abs(Double(gradient[element]) - slope) <= 1e-5 * Double(largest) + 1e-8,
                    "\(tensor.name)[\(element - tensor.range.lowerBound)]: \(gradient[element]), slope \(slope)")
            }
        }
    }

    /// The loss's slope by central differences, with a step so small that no ReLU and no pooling window changes its mind; nil where none is small enough.
    private func slope(of network: DoublePrecisionNetwork, at parameters: [Double], along element: Int, within branches: [UInt8]) -> Double?
    {
        for step in [1e-5, 1e-6, 1e-7] {
            let ends = [-step, step].map { step in
                var moved = parameters
                moved[element] += step
                return network.outcome(moved)
            }
            if ends.allSatisfy({ $0.branches == branches }) { return (ends[1].lossSum - ends[0].lossSum) / (2 * step) }
        }
        return nil
    }
}
