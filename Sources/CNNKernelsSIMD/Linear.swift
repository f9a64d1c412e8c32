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
        forEachBlock(of: FeatureTile<Single<Vector>>.count, in: g.featureCount / 16) { vector, wholeFeatures in
            forEachBlock(of: ClassTile.count, in: g.classes) { first, wholeClasses in
                let x = features + vector * 16
                let scalars = logitGradients + first
                let target = gradient + first * g.featureCount + vector * 16
                switch (wholeFeatures, wholeClasses) {
                case (true, true): weightGradient(g, FeatureTile<ClassTile>.self, samples, x, scalars, adding, target)
                case (true, false): weightGradient(g, FeatureTile<Single<Vector>>.self, samples, x, scalars, adding, target)
                case (false, true): weightGradient(g, SingleRow<ClassTile>.self, samples, x, scalars, adding, target)
                case (false, false): weightGradient(g, SingleRow<Single<Vector>>.self, samples, x, scalars, adding, target)
                }
            }
        }
    }

    /// The gradients of a tile of weights, a row 16 features, a column a class.
    @inline(__always)
    private static func weightGradient<Tile: AccumulatorRows>(
        _ g: Geometry, _: Tile.Type, _ samples: Int, _ features: Input, _ logitGradients: Input, _ adding: Bool, _ gradient: Output
    ) where Tile.Row.Vector == Vector {
        var sums = Tile(repeating: .zero)
        for sample in 0..<samples {
            sums.addProducts(
                features + sample * g.featureCount, factorStride: 16, broadcasting: logitGradients + sample * g.classes, stride: 1,
                rowStride: 0)
        }
        if adding { sums = Tile(loading: Input(gradient), stride: g.featureCount, rowStride: 16).adding(sums) }
        sums.store(to: gradient, stride: g.featureCount, rowStride: 16)
    }

    static func inputGradient(
        _ g: Geometry, samples: Int, logitGradients: Input, weights: Input, scale: Float, features: Output
    ) {
        forEachBlock(of: FeatureTile<Single<Vector>>.count, in: g.featureCount / 16) { vector, wholeFeatures in
            forEachBlock(of: GradientTile.count, in: samples) { first, wholeSamples in
                let w = weights + vector * 16
                let target = features + first * g.featureCount + vector * 16
                let scalars = logitGradients + first * g.classes
                switch (wholeFeatures, wholeSamples) {
                case (true, true): inputGradient(g, FeatureTile<GradientTile>.self, scalars, w, scale, target)
                case (true, false): inputGradient(g, FeatureTile<Single<Vector>>.self, scalars, w, scale, target)
                case (false, true): inputGradient(g, SingleRow<GradientTile>.self, scalars, w, scale, target)
                case (false, false): inputGradient(g, SingleRow<Single<Vector>>.self, scalars, w, scale, target)
                }
            }
        }
    }

    /// The gradients of a tile of features, a row 16 of them, a column a sample.
    @inline(__always)
    private static func inputGradient<Tile: AccumulatorRows>(
        _ g: Geometry, _: Tile.Type, _ logitGradients: Input, _ weights: Input, _ scale: Float, _ features: Output
    ) where Tile.Row.Vector == Vector {
        var sums = Tile(repeating: .zero)
        for c in 0..<g.classes {
            sums.addProducts(
                weights + c * g.featureCount, factorStride: 16, broadcasting: logitGradients + c, stride: g.classes, rowStride: 0)
        }
        sums.storeGated(scale: Vector(repeating: scale), to: features, stride: g.featureCount, rowStride: 16)
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
