import CNNKernels

/// The linear layer. A tile of samples and classes, or of samples and features, shares every load.
enum Linear {
    typealias Vector = SIMD16<Float>
    /// Classes whose weights' gradients are kept together.
    typealias ClassTile = Five<Vector>

    /// Features that are treated for all samples and classes before the next ones: with the weights of ten classes they take 32 kB, a first cache.
    private static var blockSize: Int { @inline(__always) get { 448 } }

    static func forward(_ g: Geometry, samples: Int, features: Input, weights: Input, bias: Input, logits: Output) {
        withUnsafeTemporaryAllocation(of: Vector.self, capacity: samples * g.classes) { partial in
            partial.initialize(repeating: .zero)
            let sums = UnsafeMutableRawPointer(partial.baseAddress!).assumingMemoryBound(to: Float.self)
            for block in stride(from: 0, to: g.featureCount, by: blockSize) {
                let count = min(blockSize, g.featureCount - block)
                forEachBlock(of: SampleTile<Single<Vector>>.count, in: samples) { sample, wholeSamples in
                    forEachBlock(of: ForwardClassTile.count, in: g.classes) { first, wholeClasses in
                        let x = features + sample * g.featureCount + block
                        let w = weights + first * g.featureCount + block
                        let target = sums + (sample * g.classes + first) * 16
                        switch (wholeSamples, wholeClasses) {
                        case (true, true): addProducts(g, SampleTile<ForwardClassTile>.self, count, x, w, target)
                        case (true, false): addProducts(g, SampleTile<Single<Vector>>.self, count, x, w, target)
                        case (false, true): addProducts(g, SingleRow<ForwardClassTile>.self, count, x, w, target)
                        case (false, false): addProducts(g, SingleRow<Single<Vector>>.self, count, x, w, target)
                        }
                    }
                }
            }
            sumLanes(g, samples: samples, partial, bias, logits)
        }
    }

    /// Adds the products of some features to a tile of partial sums, a row a sample, a column a class; they stand at (sample, class, lane).
    @inline(__always)
    private static func addProducts<Tile: AccumulatorRows>(
        _ g: Geometry, _: Tile.Type, _ count: Int, _ features: Input, _ weights: Input, _ sums: Output
    ) where Tile.Row.Vector == Vector {
        var tile = Tile(loading: Input(sums), stride: 16, rowStride: g.classes * 16)
        for i in stride(from: 0, to: count, by: 16) {
            tile.addOuterProducts(features + i, rowStride: g.featureCount, weights + i, stride: g.featureCount)
        }
        tile.store(to: sums, stride: 16, rowStride: g.classes * 16)
    }

    /// Adds the lanes of each partial sum in a fixed tree. A function of its own: together with the loop above the optimiser would transpose the loop.
    @inline(never)
    private static func sumLanes(
        _ g: Geometry, samples: Int, _ sums: UnsafeMutableBufferPointer<Vector>, _ bias: Input, _ logits: Output
    ) {
        for i in 0..<samples * g.classes {
            let eight = sums[i].lowHalf + sums[i].highHalf
            let four = eight.lowHalf + eight.highHalf
            let two = four.lowHalf + four.highHalf
            logits[i] = (two[0] + two[1]) + bias[i % g.classes]
        }
    }

    static func weightGradient(_ g: Geometry, samples: Int, features: Input, logitGradients: Input, adding: Bool, gradient: Output) {
        for i in stride(from: 0, to: g.featureCount, by: 16) {
            forEachBlock(of: ClassTile.count, in: g.classes) { first, whole in
                let target = gradient + first * g.featureCount + i
                if whole {
                    weightGradient(g, ClassTile.self, samples, features + i, logitGradients + first, adding, target)
                } else {
                    weightGradient(g, Single<Vector>.self, samples, features + i, logitGradients + first, adding, target)
                }
            }
        }
    }

    @inline(__always)
    private static func weightGradient<Classes: Accumulators>(
        _ g: Geometry, _: Classes.Type, _ samples: Int, _ features: Input, _ logitGradients: Input, _ adding: Bool, _ gradient: Output
    ) where Classes.Vector == Vector {
        var sums = Classes(repeating: .zero)
        for sample in 0..<samples {
            sums.addProducts(
                Vector.load(features + sample * g.featureCount), broadcasting: logitGradients + sample * g.classes, stride: 1)
        }
        if adding { sums = Classes(loading: Input(gradient), stride: g.featureCount).adding(sums) }
        sums.store(to: gradient, stride: g.featureCount)
    }

    static func inputGradient(
        _ g: Geometry, samples: Int, logitGradients: Input, weights: Input, scale: Float, features: Output
    ) {
        for i in stride(from: 0, to: g.featureCount, by: 16) {
            forEachBlock(of: GradientTile.count, in: samples) { first, whole in
                let features = features + first * g.featureCount + i
                let logits = logitGradients + first * g.classes
                if whole {
                    inputGradient(g, GradientTile.self, logits, weights + i, scale, features)
                } else {
                    inputGradient(g, Single<Vector>.self, logits, weights + i, scale, features)
                }
            }
        }
    }

    @inline(__always)
    private static func inputGradient<Samples: Accumulators>(
        _ g: Geometry, _: Samples.Type, _ logitGradients: Input, _ weights: Input, _ scale: Float, _ features: Output
    ) where Samples.Vector == Vector {
        var sums = Samples(repeating: .zero)
        for c in 0..<g.classes {
            sums.addProducts(Vector.load(weights + c * g.featureCount), broadcasting: logitGradients + c, stride: g.classes)
        }
        sums.storeGated(scale: Vector(repeating: scale), to: features, stride: g.featureCount)
    }
}

/// Calls `body` with the first element of each block of `size` in 0..<count, and then of each element that is left; says whether it is a whole block.
@inline(__always)
private func forEachBlock(of size: Int, in count: Int, _ body: (_ first: Int, _ whole: Bool) -> Void) {
    var first = 0
    while first + size <= count {
        body(first, true)
        first += size
    }
    while first < count {
        body(first, false)
        first += 1
    }
}
