import CNNKernels

extension Geometry {
    init(_ model: SmallCNN) {
        self.init(
            height: model.height, width: model.width, kernelSize: model.kernelSize, c1: model.firstChannels, c2: model.secondChannels,
            classes: model.classes)
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
    package let firstWeights: FloatBuffer
    package let firstBias: FloatBuffer
    package let secondForwardWeights: FloatBuffer
    package let secondWeights: FloatBuffer
    package let secondBias: FloatBuffer
    package let linearWeights: FloatBuffer
    package let linearBias: FloatBuffer

    init(_ g: Geometry) {
        firstWeights = FloatBuffer(count: g.firstWeightCount)
        firstBias = FloatBuffer(count: g.c1Stride)
        secondForwardWeights = FloatBuffer(count: g.secondForwardWeightCount)
        secondWeights = FloatBuffer(count: g.secondWeightCount)
        secondBias = FloatBuffer(count: g.c2Stride)
        linearWeights = FloatBuffer(count: g.linearWeightCount)
        linearBias = FloatBuffer(count: g.classes)
    }

    /// Packs flat parameters in the order of `SmallCNN.tensors`.
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
        kernels.transpose(
            matrices: g.c2, rows: g.c1, columns: g.taps, from: second, sourceStride: g.taps, to: secondWeights.base,
            targetStride: g.c1Stride)
        secondBias.base.update(from: take(g.c2), count: g.c2)
        kernels.transpose(
            matrices: g.classes, rows: g.c2, columns: g.positions, from: take(g.classes * g.c2 * g.positions), sourceStride: g.positions,
            to: linearWeights.base, targetStride: g.c2Stride)
        linearBias.base.update(from: take(g.classes), count: g.classes)
    }
}

extension PackedGradient {
    /// Writes packed gradients out flat, in the order of `SmallCNN.tensors`.
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
        kernels.transpose(
            matrices: g.c2, rows: g.taps, columns: g.c1, from: packed + secondWeights.lowerBound, sourceStride: g.c1Stride,
            to: take(g.c2 * g.c1 * g.taps), targetStride: g.taps)
        take(g.c2).update(from: packed + secondBias.lowerBound, count: g.c2)
        kernels.transpose(
            matrices: g.classes, rows: g.positions, columns: g.c2, from: packed + linearWeights.lowerBound, sourceStride: g.c2Stride,
            to: take(g.classes * g.c2 * g.positions), targetStride: g.positions)
        take(g.classes).update(from: packed + linearBias.lowerBound, count: g.classes)
    }
}
