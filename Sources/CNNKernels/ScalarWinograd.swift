extension Winograd {
    /// Bᵀ·d for 6 or 8 inputs, written out.
    static func transformedInputs(_ d: [Float]) -> [Float] {
        if d.count == 6 {
            let even1 = d[4].addingProduct(-4, d[2])
            let odd1 = d[3].addingProduct(-4, d[1])
            let even2 = d[4] - d[2]
            let odd2 = d[3] - d[1]
            return [
                d[4].addingProduct(-5, d[2]).addingProduct(4, d[0]), even1 + odd1, even1 - odd1, even2.addingProduct(2, odd2),
                even2.addingProduct(-2, odd2), d[5].addingProduct(-5, d[3]).addingProduct(4, d[1]),
            ]
        }
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

    /// Aᵀ·m for 6 or 8 sums of products, written out: four outputs.
    static func outputs(_ m: [Float]) -> [Float] {
        let sum1 = m[1] + m[2]
        let difference1 = m[1] - m[2]
        let sum2 = m[3] + m[4]
        let difference2 = m[3] - m[4]
        if m.count == 6 {
            return [
                (m[0] + sum1) + sum2, difference1.addingProduct(2, difference2), sum1.addingProduct(4, sum2),
                difference1.addingProduct(8, difference2) + m[5],
            ]
        }
        let sum3 = m[5] + m[6]
        let difference3 = m[5] - m[6]
        return [
            ((m[0] + sum1) + sum2) + sum3, difference1.addingProduct(2, difference2).addingProduct(0.5, difference3),
            sum1.addingProduct(4, sum2).addingProduct(0.25, sum3),
            difference1.addingProduct(8, difference2).addingProduct(0.125, difference3) + m[7],
        ]
    }
}

extension ScalarKernels {
    /// One channel of the second convolution in an image of `width` pixels, before ReLU: (row, column).
    static func secondConvolutionSums(_ g: Geometry, activations: Input, weights: Input, bias: Float, c2: Int) -> [Float] {
        let block = weights + c2 / 16 * (g.secondForwardWeightCount / (g.c2Stride / 16)) + c2 % 16
        var sums = [Float](repeating: bias, count: g.height * g.width)
        for y in 0..<g.height {
            if g.transformSize == 0 {
                for x in 0..<g.width { directSum(g, activations + (y * g.paddedWidth + x) * g.c1Stride, block, &sums[y * g.width + x]) }
            } else {
                for x in stride(from: 0, to: g.width, by: Winograd.tileWidth) {
                    let outputs = tileSums(g, activations + (y * g.paddedWidth + x) * g.c1Stride, block)
                    for (i, output) in outputs.enumerated() { sums[y * g.width + x + i] = output + bias }
                }
            }
        }
        return sums
    }

    /// Adds the products at one pixel; `corner` points at the top-left pixel under the kernel.
    private static func directSum(_ g: Geometry, _ corner: Input, _ block: Input, _ sum: inout Float) {
        let k = g.kernelSize
        for ky in 0..<k {
            for kx in 0..<k {
                for c1 in 0..<g.c1 {
                    let weight = block[((ky * k + kx) * g.c1 + c1) * 16]
                    sum.addProduct(weight, corner[(ky * g.paddedWidth + kx) * g.c1Stride + c1])
                }
            }
        }
    }

    /// Four neighbouring pixels without the bias; `corner` points at the top-left pixel under the first one's kernel.
    private static func tileSums(_ g: Geometry, _ corner: Input, _ block: Input) -> [Float] {
        var products = [Float](repeating: 0, count: g.transformSize)
        for ky in 0..<g.kernelSize {
            for c1 in 0..<g.c1 {
                let inputs = (0..<g.transformSize).map { corner[(ky * g.paddedWidth + $0) * g.c1Stride + c1] }
                for (point, input) in Winograd.transformedInputs(inputs).enumerated() {
                    products[point].addProduct(block[((ky * g.c1 + c1) * g.transformSize + point) * 16], input)
                }
            }
        }
        return Winograd.outputs(products)
    }
}
