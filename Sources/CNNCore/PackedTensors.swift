import CNNKernels

extension Geometry {
    init(_ model: SmallCNN) {
        self.init(
            height: model.height, width: model.width, kernelSize: model.kernelSize, c1: model.firstChannels, c2: model.secondChannels,
            classes: model.classes)
    }

    /// Zeros the padding around images, (image, padded row, padded column, channel), which kernels read and none of them writes.
    func clearBorders(of images: FloatBuffer, images count: Int, channels: Int) {
        let (rowSize, border) = (paddedWidth * channels, padding * channels)
        for image in 0..<count {
            let first = images.base + image * paddedHeight * rowSize
            // Rows above, and the left end of the first row.
            first.update(repeating: 0, count: padding * rowSize + border)
            // The right end of a row and the left one of the next.
            for row in padding + 1..<padding + height { (first + row * rowSize - border).update(repeating: 0, count: 2 * border) }
            (first + (padding + height) * rowSize - border).update(repeating: 0, count: border + padding * rowSize)
        }
    }
}

/// The gradients as the kernels accumulate them, back to back in one buffer. Layouts as in `KernelSet`.
package struct PackedGradient {
    package let firstWeights: Range<Int>
    package let firstBias: Range<Int>
    package let secondWeights: Range<Int>
    package let secondBias: Range<Int>
    package let linearBias: Range<Int>
    /// Last, because it is treated on its own.
    package let linearWeights: Range<Int>

    init(_ g: Geometry) {
        var offset = 0
        func next(_ count: Int) -> Range<Int> {
            // Each tensor starts on a cache line.
            defer { offset = (offset + count + 15) / 16 * 16 }
            return offset..<offset + count
        }
        firstWeights = next(g.firstWeightCount)
        firstBias = next(g.c1Stride)
        secondWeights = next(g.secondWeightCount)
        secondBias = next(g.c2Stride)
        linearBias = next(g.classes)
        linearWeights = next(g.linearWeightCount)
    }

    /// Floats in the buffer.
    package var count: Int { linearWeights.upperBound }
}

/// The parameters as the kernels read them. Layouts as in `KernelSet`; padding is zero and stays so.
package struct PackedParameters {
    package let firstWeights = FloatBuffer()
    package let firstBias = FloatBuffer()
    package let secondForwardWeights = FloatBuffer()
    package let secondWeights = FloatBuffer()
    package let secondBias = FloatBuffer()
    package let linearWeights = FloatBuffer()
    package let linearBias = FloatBuffer()

    /// Makes room for a model's parameters, which are still to be loaded.
    func resize(to g: Geometry) {
        let hasPadding = g.c1 != g.c1Stride || g.c2 != g.c2Stride
        func resize(_ buffer: FloatBuffer, to count: Int) {
            buffer.resize(to: count)
            if hasPadding { buffer.numbers.update(repeating: 0) }
        }
        resize(firstWeights, to: g.firstWeightCount)
        resize(firstBias, to: g.c1Stride)
        resize(secondForwardWeights, to: g.secondForwardWeightCount)
        resize(secondWeights, to: g.secondWeightCount)
        resize(secondBias, to: g.c2Stride)
        resize(linearWeights, to: g.linearWeightCount)
        resize(linearBias, to: g.classes)
    }

    /// Packs flat parameters, channels-last.
    func load(_ parameters: UnsafePointer<Float>, _ g: Geometry, _ kernels: any KernelSet.Type) {
        var source = parameters
        func take(_ count: Int) -> UnsafePointer<Float> {
            defer { source += count }
            return source
        }
        kernels.transpose(
            matrices: 1, rows: g.c1, columns: g.taps, from: take(g.c1 * g.taps), sourceStride: g.taps, to: firstWeights.base,
            targetStride: g.c1Stride)
        firstBias.base.update(from: take(g.c1), count: g.c1)
        let second = take(g.c2 * g.c1 * g.taps)
        kernels.packSecondConvolution(g, from: second, to: secondForwardWeights.base)
        copyRows(g.c2 * g.taps, of: g.c1, from: second, stride: g.c1, to: secondWeights.base, stride: g.c1Stride)
        secondBias.base.update(from: take(g.c2), count: g.c2)
        let rows = g.classes * g.positions
        copyRows(rows, of: g.c2, from: take(rows * g.c2), stride: g.c2, to: linearWeights.base, stride: g.c2Stride)
        linearBias.base.update(from: take(g.classes), count: g.classes)
    }
}

extension PackedGradient {
    /// Writes packed gradients out flat, channels-last.
    func unpack(_ packed: UnsafePointer<Float>, to gradient: UnsafeMutablePointer<Float>, _ g: Geometry, _ kernels: any KernelSet.Type) {
        var target = gradient
        func take(_ count: Int) -> UnsafeMutablePointer<Float> {
            defer { target += count }
            return target
        }
        kernels.transpose(
            matrices: 1, rows: g.taps, columns: g.c1, from: packed + firstWeights.lowerBound, sourceStride: g.c1Stride,
            to: take(g.c1 * g.taps), targetStride: g.taps)
        take(g.c1).update(from: packed + firstBias.lowerBound, count: g.c1)
        copyRows(
            g.c2 * g.taps, of: g.c1, from: packed + secondWeights.lowerBound, stride: g.c1Stride, to: take(g.c2 * g.taps * g.c1),
            stride: g.c1)
        take(g.c2).update(from: packed + secondBias.lowerBound, count: g.c2)
        let rows = g.classes * g.positions
        copyRows(rows, of: g.c2, from: packed + linearWeights.lowerBound, stride: g.c2Stride, to: take(rows * g.c2), stride: g.c2)
        take(g.classes).update(from: packed + linearBias.lowerBound, count: g.classes)
    }
}

/// Copies rows of `count` numbers that stand `stride` numbers apart. What stands between them is left as it is.
private func copyRows(
    _ rows: Int, of count: Int, from source: UnsafePointer<Float>, stride sourceStride: Int, to target: UnsafeMutablePointer<Float>,
    stride targetStride: Int
) {
    if sourceStride == targetStride {
        target.update(from: source, count: rows * sourceStride)
    } else {
        for row in 0..<rows { (target + row * targetStride).update(from: source + row * sourceStride, count: count) }
    }
}
