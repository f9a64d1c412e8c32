import CNNKernels

/// The second convolution in Winograd's form: a batch of tiles at a time, wherever they are. Their inputs are transformed once for all channels of the output, the products are added up in
/// registers, and their outputs are pooled while they are in the cache.
enum WinogradConvolution {
    static func forward(
        _ g: Geometry, samples: Int, activations: Input, weights: Input, bias: Input, ink: UnsafePointer<InkSpan>, blank: BlankImage?,
        features: Output, winners: UnsafeMutablePointer<Int32>, scratch: Output
    ) {
        let images = Images(
            activations: activations, weights: weights, bias: bias, ink: ink, blank: blank, features: features, winners: winners,
            scratch: scratch)
        switch (g.rowSize, g.c1) {
        // The study's shapes.
        case (6, 8): forward(g, FixedSizes<6, 8>(), samples, images)
        case (6, 16): forward(g, FixedSizes<6, 16>(), samples, images)
        case (8, 8): forward(g, FixedSizes<8, 8>(), samples, images)
        case (6, _): forward(g, VariableSizes<6>(g), samples, images)
        default: forward(g, VariableSizes<8>(g), samples, images)
        }
    }

    /// The images' tensors, and the layer's.
    private struct Images {
        let activations: Input
        let weights: Input
        let bias: Input
        let ink: UnsafePointer<InkSpan>
        let blank: BlankImage?
        let features: Output
        let winners: UnsafeMutablePointer<Int32>
        let scratch: Output
    }

    /// Collects the tiles that depend on ink in batches, and copies the others.
    private static func forward<Sizes: WinogradSizes>(_ g: Geometry, _ sizes: Sizes, _ samples: Int, _ images: Images) {
        let tileWidth = WinogradTransforms.tileWidth
        withUnsafeTemporaryAllocation(of: TilePlace.self, capacity: sizes.tiles) { batch in
            let batch = batch.baseAddress!
            var count = 0
            for sample in 0..<samples {
                let ink = images.ink + sample * g.height
                for y in stride(from: 0, to: g.height, by: sizes.tileHeight) {
                    var columns = 0..<g.width
                    if let blank = images.blank {
                        let inked = Blankness.inkedColumns(g, ink, rows: y..<y + sizes.tileHeight, within: 2 * g.padding)
                        columns = inked.lowerBound / tileWidth * tileWidth..<(inked.upperBound + tileWidth - 1) / tileWidth * tileWidth
                        copyRows(g, blank, images, sample: sample, y: y, height: sizes.tileHeight, except: columns)
                    }
                    for x in stride(from: columns.lowerBound, to: columns.upperBound, by: tileWidth) {
                        batch[count] = (sample, y, x)
                        count += 1
                        if count == sizes.tiles {
                            compute(g, sizes, batch, images)
                            count = 0
                        }
                    }
                }
            }
            guard count > 0 else { return }
            for place in count..<sizes.tiles { batch[place] = batch[count - 1] }
            compute(g, sizes, batch, images)
        }
    }

    /// Copies what the pixels of `height` of a sample's rows come to without ink, but those of some columns.
    @inline(__always)
    private static func copyRows(
        _ g: Geometry, _ blank: BlankImage, _ images: Images, sample: Int, y: Int, height: Int, except columns: Range<Int>
    ) {
        let blankY = Blankness.row(g, y)
        let moved = SIMD16<Int32>(repeating: Int32(truncatingIfNeeded: (y - blankY) * g.paddedWidth * g.c1Stride))
        let rowStride = g.width / 2 * g.c2Stride
        for row in 0..<height / 2 {
            let source = (blankY / 2 + row) * rowStride
            let target = sample * g.featureCount + (y / 2 + row) * rowStride
            @inline(__always) func copy(_ columns: Range<Int>) {
                for i in stride(from: columns.lowerBound / 2 * g.c2Stride, to: columns.upperBound / 2 * g.c2Stride, by: 16) {
                    SIMD16<Float>.load(blank.features + source + i).store(to: images.features + target + i)
                    let winners = UnsafeRawPointer(blank.winners + source + i).loadUnaligned(as: SIMD16<Int32>.self) &+ moved
                    UnsafeMutableRawPointer(images.winners + target + i).storeBytes(of: winners, as: SIMD16<Int32>.self)
                }
            }
            copy(0..<columns.lowerBound)
            copy(columns.upperBound..<g.width)
        }
    }

    /// Computes a batch of tiles.
    @inline(never)
    private static func compute<Sizes: WinogradSizes>(
        _ g: Geometry, _ sizes: Sizes, _ batch: UnsafePointer<TilePlace>, _ images: Images
    ) {
        // The tiles' transformed inputs: (point, tile, c1).
        let inputs = images.scratch
        let scratch = inputs + sizes.points * sizes.tiles * sizes.c1Stride
        WinogradInputs.transform(g, sizes, images.activations, tiles: batch, scratch: scratch, to: inputs)
        for block in 0..<g.c2Stride / 16 {
            WinogradOutputs.compute(
                sizes, Input(inputs), weights: images.weights + block * sizes.points * sizes.c1 * 16, scratch: scratch)
            WinogradOutputs.pool(
                g, sizes, Input(scratch), tiles: batch, block: block, bias: images.bias, features: images.features, winners: images.winners)
        }
    }
}

/// Sizes that the compiler knows.
private struct FixedSizes<let pointsOfRow: Int, let channels: Int>: WinogradSizes {
    var rowSize: Int { @inline(__always) get { pointsOfRow } }
    var c1: Int { @inline(__always) get { channels } }
    var c1Stride: Int { @inline(__always) get { (channels + 7) / 8 * 8 } }
}

/// Any sizes but that of a row's points. Private, so that the function that copies it is no other module's too.
private struct VariableSizes<let pointsOfRow: Int>: WinogradSizes {
    let c1: Int
    let c1Stride: Int
    var rowSize: Int { @inline(__always) get { pointsOfRow } }

    init(_ g: Geometry) {
        c1 = g.c1
        c1Stride = g.c1Stride
    }
}
