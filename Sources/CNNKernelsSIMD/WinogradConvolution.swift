import CNNKernels

/// The second convolution in Winograd's form along the rows: inputs are transformed once for all channels of the output, the products of a row's tiles are added up in
/// registers, and their outputs go to the strip.
enum WinogradConvolution {
    typealias Vector = SIMD16<Float>

    /// Floats of an image's scratch memory: its transformed inputs, (padded row, tile, product, c1), and one row's sums, (product, tile, 16 channels). 0 where the
    /// direct sum is used.
    static func scratchCount(_ g: Geometry) -> Int { transformedCount(g) + g.width / Winograd.tileWidth * g.transformSize * 16 }

    private static func transformedCount(_ g: Geometry) -> Int {
        g.paddedHeight * (g.width / Winograd.tileWidth) * g.transformSize * g.c1Stride
    }

    /// Transforms an image's activations into `scratch`.
    static func transform(_ g: Geometry, _ activations: Input, into scratch: Output) {
        switch (g.transformSize, g.c1Stride) {
        case (6, 8): transform6(g, SIMD8<Float>.self, c1Stride: 8, activations, scratch)
        case (6, 16): transform6(g, SIMD16<Float>.self, c1Stride: 16, activations, scratch)
        case (6, _): transform6(g, SIMD8<Float>.self, c1Stride: g.c1Stride, activations, scratch)
        case (_, 8): transform8(g, SIMD8<Float>.self, c1Stride: 8, activations, scratch)
        default: transform8(g, SIMD8<Float>.self, c1Stride: g.c1Stride, activations, scratch)
        }
    }

    /// Calls `body` for each vector of channels of each tile: with its first input and its first product.
    @inline(__always)
    private static func forEachTile<V: Lanes>(
        _ g: Geometry, _: V.Type, c1Stride: Int, _ activations: Input, _ transformed: Output, _ body: (Input, Output) -> Void
    ) {
        var target = transformed
        for y in 0..<g.paddedHeight {
            for x in stride(from: 0, to: g.width, by: Winograd.tileWidth) {
                let source = activations + (y * g.paddedWidth + x) * c1Stride
                for channel in stride(from: 0, to: c1Stride, by: V.scalarCount) { body(source + channel, target + channel) }
                target += g.transformSize * c1Stride
            }
        }
    }

    /// Bᵀ·d for 6 inputs, as the scalar reference writes it.
    @inline(__always)
    private static func transform6<V: Lanes>(_ g: Geometry, _: V.Type, c1Stride: Int, _ activations: Input, _ transformed: Output) {
        forEachTile(g, V.self, c1Stride: c1Stride, activations, transformed) { source, target in
            @inline(__always) func d(_ i: Int) -> V { V.load(source + i * c1Stride) }
            @inline(__always) func put(_ i: Int, _ v: V) { v.store(to: target + i * c1Stride) }
            let even1 = d(4).addingProduct(-4, d(2))
            let odd1 = d(3).addingProduct(-4, d(1))
            let even2 = d(4).subtracting(d(2))
            let odd2 = d(3).subtracting(d(1))
            put(0, d(4).addingProduct(-5, d(2)).addingProduct(4, d(0)))
            put(1, even1.adding(odd1))
            put(2, even1.subtracting(odd1))
            put(3, even2.addingProduct(2, odd2))
            put(4, even2.addingProduct(-2, odd2))
            put(5, d(5).addingProduct(-5, d(3)).addingProduct(4, d(1)))
        }
    }

    /// Bᵀ·d for 8 inputs, as the scalar reference writes it.
    @inline(__always)
    private static func transform8<V: Lanes>(_ g: Geometry, _: V.Type, c1Stride: Int, _ activations: Input, _ transformed: Output) {
        forEachTile(g, V.self, c1Stride: c1Stride, activations, transformed) { source, target in
            @inline(__always) func d(_ i: Int) -> V { V.load(source + i * c1Stride) }
            @inline(__always) func put(_ i: Int, _ v: V) { v.store(to: target + i * c1Stride) }
            let even1 = d(2).adding(d(6)).addingProduct(-4.25, d(4))
            let odd1 = d(1).adding(d(5)).addingProduct(-4.25, d(3))
            let even2 = d(6).addingProduct(0.25, d(2)).addingProduct(-1.25, d(4))
            let odd2 = d(5).multiplied(by: V(repeating: 2)).addingProduct(-2.5, d(3)).addingProduct(0.5, d(1))
            let even3 = d(6).addingProduct(4, d(2)).addingProduct(-5, d(4))
            let odd3 = d(5).multiplied(by: V(repeating: 0.5)).addingProduct(-2.5, d(3)).addingProduct(2, d(1))
            put(0, d(0).subtracting(d(6)).addingProduct(5.25, d(4).subtracting(d(2))))
            put(1, even1.adding(odd1))
            put(2, even1.subtracting(odd1))
            put(3, even2.adding(odd2))
            put(4, even2.subtracting(odd2))
            put(5, even3.adding(odd3))
            put(6, even3.subtracting(odd3))
            put(7, d(7).subtracting(d(1)).addingProduct(5.25, d(3).subtracting(d(5))))
        }
    }

    /// Computes two rows of pixels from row `y` on, 16 channels: (row of 2, column, 16 channels). `scratch` has the transformed inputs.
    static func strip(_ g: Geometry, block: Int, y: Int, scratch: Output, _ weights: Input, _ bias: Input, _ strip: Output) {
        let sums = scratch + transformedCount(g)
        let blockWeights = weights + block * g.kernelSize * g.c1 * g.transformSize * 16
        let tiles = g.width / Winograd.tileWidth
        for row in 0..<2 {
            let inputs = Input(scratch + (y + row) * tiles * g.transformSize * g.c1Stride)
            switch (g.transformSize, g.c1) {
            case (6, 8): products(g, Products6.self, Products6Single.self, size: 6, c1: 8, c1Stride: 8, inputs, blockWeights, sums)
            case (6, 16): products(g, Products6.self, Products6Single.self, size: 6, c1: 16, c1Stride: 16, inputs, blockWeights, sums)
            case (6, _):
                products(g, Products6.self, Products6Single.self, size: 6, c1: g.c1, c1Stride: g.c1Stride, inputs, blockWeights, sums)
            case (_, 8): products(g, Products8.self, Products8Single.self, size: 8, c1: 8, c1Stride: 8, inputs, blockWeights, sums)
            default:
                products(g, Products8.self, Products8Single.self, size: 8, c1: g.c1, c1Stride: g.c1Stride, inputs, blockWeights, sums)
            }
            outputs(g, sums, Vector.load(bias + block * 16), strip + row * g.width * 16)
        }
    }

    /// The sums of one row's products: (product, tile, 16 channels). As many tiles and products at a time as fit the registers.
    @inline(__always)
    private static func products<Tiles: AccumulatorRows, OneTile: AccumulatorRows>(
        _ g: Geometry, _: Tiles.Type, _: OneTile.Type, size: Int, c1: Int, c1Stride: Int, _ inputs: Input, _ weights: Input, _ sums: Output
    ) where Tiles.Row.Vector == Vector, OneTile.Row.Vector == Vector {
        let tiles = g.width / Winograd.tileWidth
        for point in stride(from: 0, to: size, by: Tiles.count) {
            let pointWeights = weights + point * 16
            var tile = 0
            while tile < tiles {
                let tileInputs = inputs + (tile * size + point) * c1Stride
                let target = sums + (point * tiles + tile) * 16
                if tile + Tiles.Row.count <= tiles {
                    products(g, Tiles.self, size: size, c1: c1, c1Stride: c1Stride, tileInputs, pointWeights, target)
                    tile += Tiles.Row.count
                } else {
                    products(g, OneTile.self, size: size, c1: c1, c1Stride: c1Stride, tileInputs, pointWeights, target)
                    tile += 1
                }
            }
        }
    }

    /// A group of accumulators, a row a product, a column a tile.
    @inline(__always)
    private static func products<Group: AccumulatorRows>(
        _ g: Geometry, _: Group.Type, size: Int, c1: Int, c1Stride: Int, _ inputs: Input, _ weights: Input, _ sums: Output
    ) where Group.Row.Vector == Vector {
        let tiles = g.width / Winograd.tileWidth
        var group = Group(repeating: .zero)
        var weight = weights
        for ky in 0..<g.kernelSize {
            var input = inputs + ky * tiles * size * c1Stride
            for _ in 0..<c1 {
                group.addProducts(weight, factorStride: 16, broadcasting: input, stride: size * c1Stride, rowStride: c1Stride)
                weight += size * 16
                input += 1
            }
        }
        group.store(to: sums, stride: 16, rowStride: tiles * 16)
    }

    /// Aᵀ·m and the bias for each tile of a row, as the scalar reference writes it.
    @inline(never)
    private static func outputs(_ g: Geometry, _ sums: Output, _ bias: Vector, _ row: Output) {
        let tiles = g.width / Winograd.tileWidth
        for tile in 0..<tiles {
            @inline(__always) func m(_ i: Int) -> Vector { Vector.load(sums + (i * tiles + tile) * 16) }
            let sum1 = m(1) + m(2)
            let difference1 = m(1) - m(2)
            let sum2 = m(3) + m(4)
            let difference2 = m(3) - m(4)
            var outputs = (
                (m(0) + sum1) + sum2, difference1.addingProduct(2, difference2), sum1.addingProduct(4, sum2),
                difference1.addingProduct(8, difference2)
            )
            if g.transformSize == 8 {
                let sum3 = m(5) + m(6)
                let difference3 = m(5) - m(6)
                outputs.0 += sum3
                outputs.1.addProduct(0.5, difference3)
                outputs.2.addProduct(0.25, sum3)
                outputs.3.addProduct(0.125, difference3)
            }
            outputs.3 += m(g.transformSize - 1)
            let pixels = row + tile * Winograd.tileWidth * 16
            (outputs.0 + bias).store(to: pixels)
            (outputs.1 + bias).store(to: pixels + 16)
            (outputs.2 + bias).store(to: pixels + 32)
            (outputs.3 + bias).store(to: pixels + 48)
        }
    }
}
