extension Winograd {
    /// G·w for 3 or 5 taps and 6 points, written out.
    static func sixWeights(_ w: [Double]) -> [Double] {
        let (even1, odd1, even2, odd2) =
            w.count == 3
            ? (w[0] + 0.390625 * w[2], 0.625 * w[1], w[0] + 1.890625 * w[2], 1.375 * w[1])
            : (
                (w[0] + 0.390625 * w[2]) + 0.152587890625 * w[4], 0.625 * w[1] + 0.244140625 * w[3],
                (w[0] + 1.890625 * w[2]) + 3.574462890625 * w[4], 1.375 * w[1] + 2.599609375 * w[3]
            )
        return [
            w[0] * (4096.0 / 3025), (even1 + odd1) * (-64.0 / 75), (even1 - odd1) * (-64.0 / 75), (even2 + odd2) * (64.0 / 363),
            (even2 - odd2) * (64.0 / 363), w[w.count - 1],
        ]
    }

    /// G·w for 5 taps and 8 points, written out.
    static func eightWeights(_ w: [Double]) -> [Double] {
        let even1 = (w[0] + w[2]) + w[4]
        let odd1 = w[1] + w[3]
        let even2 = (w[0] + 4 * w[2]) + 16 * w[4]
        let odd2 = 2 * w[1] + 8 * w[3]
        let even3 = (16 * w[0] + 4 * w[2]) + w[4]
        let odd3 = 8 * w[1] + 2 * w[3]
        return [
            w[0], (even1 + odd1) * (-2.0 / 9), (even1 - odd1) * (-2.0 / 9), (even2 + odd2) * (1.0 / 90), (even2 - odd2) * (1.0 / 90),
            (even3 + odd3) * (2.0 / 45), (even3 - odd3) * (2.0 / 45), w[4],
        ]
    }

    /// Bᵀ·d for 6 inputs, written out.
    static func sixInputs(_ d: [Float]) -> [Float] {
        let even1 = d[4].addingProduct(-1.890625, d[2])
        let odd1 = d[3].addingProduct(-1.890625, d[1])
        let even2 = d[4].addingProduct(-0.390625, d[2])
        let odd2 = d[3].addingProduct(-0.390625, d[1])
        return [
            d[4].addingProduct(0.738525390625, d[0]).addingProduct(-2.28125, d[2]), even1.addingProduct(0.625, odd1),
            even1.addingProduct(-0.625, odd1), even2.addingProduct(1.375, odd2), even2.addingProduct(-1.375, odd2),
            d[5].addingProduct(0.738525390625, d[1]).addingProduct(-2.28125, d[3]),
        ]
    }

    /// Bᵀ·d for 8 inputs, written out.
    static func eightInputs(_ d: [Float]) -> [Float] {
        let even1 = (d[2] + d[6]).addingProduct(-4.25, d[4])
        let odd1 = (d[1] + d[5]).addingProduct(-4.25, d[3])
        let even2 = d[6].addingProduct(0.25, d[2]).addingProduct(-1.25, d[4])
        let odd2 = (2 * d[5]).addingProduct(-2.5, d[3]).addingProduct(0.5, d[1])
        let even3 = d[6].addingProduct(4, d[2]).addingProduct(-5, d[4])
        let odd3 = (0.5 * d[5]).addingProduct(-2.5, d[3]).addingProduct(2, d[1])
        return [
            (d[0] - d[6]).addingProduct(5.25, d[4] - d[2]), even1 + odd1, even1 - odd1, even2 + odd2, even2 - odd2, even3 + odd3,
            even3 - odd3, (d[7] - d[1]).addingProduct(5.25, d[3] - d[5]),
        ]
    }

    /// Aᵀ·m for 6 sums of products, written out: two or four outputs.
    static func outputsOfSix(_ m: [Float], count: Int) -> [Float] {
        let sum1 = m[1] + m[2]
        let difference1 = m[1] - m[2]
        let sum2 = m[3] + m[4]
        let difference2 = m[3] - m[4]
        let first = (m[0] + sum1) + sum2
        guard count == 4 else { return [first, m[5].addingProduct(0.625, difference1).addingProduct(1.375, difference2)] }
        return [
            first, (0.625 * difference1).addingProduct(1.375, difference2), (0.390625 * sum1).addingProduct(1.890625, sum2),
            m[5].addingProduct(0.244140625, difference1).addingProduct(2.599609375, difference2),
        ]
    }

    /// Aᵀ·m for 8 sums of products, written out: four outputs.
    static func outputsOfEight(_ m: [Float]) -> [Float] {
        let sum1 = m[1] + m[2]
        let difference1 = m[1] - m[2]
        let sum2 = m[3] + m[4]
        let difference2 = m[3] - m[4]
        let sum3 = m[5] + m[6]
        let difference3 = m[5] - m[6]
        return [
            ((m[0] + sum1) + sum2) + sum3, difference1.addingProduct(2, difference2).addingProduct(0.5, difference3),
            sum1.addingProduct(4, sum2).addingProduct(0.25, sum3),
            difference1.addingProduct(8, difference2).addingProduct(0.125, difference3) + m[7],
        ]
    }

    /// `column` applied to each column of a matrix of `columns` columns, and then `row` to each row of the result: (row, column).
    static func inBothDirections<Number>(
        _ matrix: [Number], columns: Int, column: ([Number]) -> [Number], row: ([Number]) -> [Number]
    ) -> [Number] {
        let once = transformedColumns(matrix, columns: columns, column)
        return transformedColumns(once, columns: once.count / columns, row)
    }

    /// `transform` applied to each column of a matrix of `columns` columns; the new columns become the rows of the result.
    private static func transformedColumns<Number>(_ matrix: [Number], columns: Int, _ transform: ([Number]) -> [Number]) -> [Number] {
        (0..<columns).flatMap { column in transform(stride(from: column, to: matrix.count, by: columns).map { matrix[$0] }) }
    }
}

extension ScalarKernels {
    package static func packSecondConvolution(_ g: Geometry, from weights: Input, to packed: Output) {
        let points = g.forwardPoints
        for c2 in 0..<g.c2Stride {
            for c1 in 0..<g.c1 {
                let kernel = (0..<g.taps).map { c2 < g.c2 ? Double(weights[(c2 * g.taps + $0) * g.c1 + c1]) : 0 }
                let transformed =
                    g.rowSize == 0
                    ? kernel
                    : Winograd.inBothDirections(
                        kernel, columns: g.kernelSize, column: Winograd.sixWeights,
                        row: g.rowSize == 6 ? Winograd.sixWeights : Winograd.eightWeights)
                for (point, weight) in transformed.enumerated() {
                    packed[((c2 / 16 * points + place(ofPoint: point, g)) * g.c1 + c1) * 16 + c2 % 16] = Float(weight)
                }
            }
        }
    }

    /// Where the weights of a point stand, or those of a tap: those of a tile's points column by column.
    private static func place(ofPoint point: Int, _ g: Geometry) -> Int {
        g.rowSize == 0 ? point : point % g.rowSize * Winograd.columnSize + point / g.rowSize
    }

    /// One channel of the second convolution without its bias: (row, column).
    static func secondConvolutionSums(_ g: Geometry, activations: Input, weights: Input, c2: Int) -> [Float] {
        let block = weights + c2 / 16 * g.forwardPoints * g.c1 * 16 + c2 % 16
        var sums = [Float](repeating: 0, count: g.height * g.width)
        let (tileHeight, tileWidth) = g.rowSize == 0 ? (1, 1) : (g.tileHeight, Winograd.tileWidth)
        for y in stride(from: 0, to: g.height, by: tileHeight) {
            for x in stride(from: 0, to: g.width, by: tileWidth) {
                let corner = activations + (y * g.paddedWidth + x) * g.c1Stride
                if g.rowSize == 0 {
                    directSum(g, corner, block, &sums[y * g.width + x])
                } else {
                    for (i, output) in tileSums(g, corner, block).enumerated() {
                        sums[(y + i / tileWidth) * g.width + x + i % tileWidth] = output
                    }
                }
            }
        }
        return sums
    }

    /// Adds the products at one pixel; `corner` points at the top-left pixel under the kernel.
    private static func directSum(_ g: Geometry, _ corner: Input, _ block: Input, _ sum: inout Float) {
        for tap in 0..<g.taps {
            let pixel = corner + (tap / g.kernelSize * g.paddedWidth + tap % g.kernelSize) * g.c1Stride
            for c1 in 0..<g.c1 { sum.addProduct(block[(tap * g.c1 + c1) * 16], pixel[c1]) }
        }
    }

    /// A tile of pixels, (row, column); `corner` points at the top-left pixel under the first one's kernel.
    private static func tileSums(_ g: Geometry, _ corner: Input, _ block: Input) -> [Float] {
        let n = g.rowSize
        var products = [Float](repeating: 0, count: g.forwardPoints)
        for c1 in 0..<g.c1 {
            let inputs = (0..<g.forwardPoints).map { corner[($0 / n * g.paddedWidth + $0 % n) * g.c1Stride + c1] }
            let transformed = Winograd.inBothDirections(
                inputs, columns: n, column: Winograd.sixInputs, row: n == 6 ? Winograd.sixInputs : Winograd.eightInputs)
            for (point, input) in transformed.enumerated() {
                products[point].addProduct(block[(place(ofPoint: point, g) * g.c1 + c1) * 16], input)
            }
        }
        return Winograd.inBothDirections(
            products, columns: n, column: { Winograd.outputsOfSix($0, count: g.tileHeight) },
            row: n == 6 ? { Winograd.outputsOfSix($0, count: Winograd.tileWidth) } : Winograd.outputsOfEight)
    }
}
