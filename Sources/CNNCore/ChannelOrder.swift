import CNNKernels

// Parameters, their gradients and Adam's moments stand in one of two orders. In files they have PyTorch's, that of `SmallCNN.tensors`. Computed with and sent they are **channels-last**: the same tensors
// at the same places, but `conv2.weight` as (out, row, column, in) and `fc.weight` as (class, row, column, channel), which is how the kernels read them, so that no step has to transpose them.
// The name is PyTorch's, which lays out convolutions' weights like that in its memory format `channels_last`.
extension SmallCNN {
    /// Numbers in the order of ``tensors``, put into channels-last order.
    package func channelsLast(_ numbers: [Float]) -> [Float] { transposed(numbers, toChannelsLast: true) }

    /// Numbers in channels-last order, put into the order of ``tensors``.
    package func channelsFirst(_ numbers: [Float]) -> [Float] { transposed(numbers, toChannelsLast: false) }

    private func transposed(_ numbers: [Float], toChannelsLast: Bool) -> [Float] {
        precondition(numbers.count == parameterCount, "\(numbers.count) numbers for a model of \(parameterCount) parameters")
        var result = numbers
        for tensor in tensors where tensor.shape.count > 1 {
            // (out, in, row, column), or (class, feature), where a feature is a channel's at a position.
            let channels = tensor.shape.count == 4 ? tensor.shape[1] : secondChannels
            let positions = tensor.range.count / tensor.shape[0] / channels
            let (rows, columns) = toChannelsLast ? (channels, positions) : (positions, channels)
            numbers.withUnsafeBufferPointer { numbers in
                result.withUnsafeMutableBufferPointer { result in
                    ScalarKernels.transpose(
                        matrices: tensor.shape[0], rows: rows, columns: columns, from: numbers.baseAddress! + tensor.range.lowerBound,
                        sourceStride: columns, to: result.baseAddress! + tensor.range.lowerBound, targetStride: rows)
                }
            }
        }
        return result
    }
}
