import CNNCore
import Testing

@Suite struct ChannelOrderTests {
    private static let shapes = [
        Shape(c1: 3, c2: 5, k: 3, classes: 4, height: 6, width: 10), Shape(c1: 1, c2: 1, k: 1, classes: 1, height: 2, width: 2),
        Shape(c1: 17, c2: 9, k: 5, classes: 3, height: 4, width: 8), Shape(c1: 16, c2: 32),
    ]

    /// Each number of PyTorch's order by the indices of its tensor, looked up where channels-last order has it.
    @Test(arguments: shapes) func channelsStandLast(_ shape: Shape) throws {
        let model = try shape.model()
        let numbers = (0..<model.parameterCount).map { Float($0) }
        let ordered = model.channelsLast(numbers)
        #expect(ordered.count == numbers.count)
        for tensor in model.tensors {
            let (channels, rows, columns) =
                switch tensor.name {
                case "conv2.weight": (model.firstChannels, model.kernelSize, model.kernelSize)
                case "fc.weight": (model.secondChannels, model.height / 2, model.width / 2)
                default: (1, 1, tensor.range.count / tensor.shape[0])
                }
            var (place, differences) = (tensor.range.lowerBound, 0)
            for out in 0..<tensor.shape[0] {
                for channel in 0..<channels {
                    for row in 0..<rows {
                        for column in 0..<columns {
                            let last = tensor.range.lowerBound + ((out * rows + row) * columns + column) * channels + channel
                            if ordered[last] != numbers[place] { differences += 1 }
                            place += 1
                        }
                    }
                }
            }
            #expect(place == tensor.range.upperBound && differences == 0, "\(tensor.name)")
        }
    }

    @Test(arguments: shapes) func eachOrderIsTheOthersInverse(_ shape: Shape) throws {
        let model = try shape.model()
        let numbers = model.parameters()
        #expect(firstDifference(model.channelsFirst(model.channelsLast(numbers)), numbers) == nil)
        #expect(firstDifference(model.channelsLast(model.channelsFirst(numbers)), numbers) == nil)
    }
}
