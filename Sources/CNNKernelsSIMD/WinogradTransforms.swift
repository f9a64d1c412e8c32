import CNNKernels

/// Winograd's transforms in one direction, as the scalar reference writes them out.
enum WinogradTransforms {
    /// Eight channels of weights.
    typealias Weights = SIMD8<Double>
    /// Points of a column and columns of a tile: those of `Winograd` as constants that this module's compiler sees.
    static var columnSize: Int { @inline(__always) get { 6 } }
    static var tileWidth: Int { @inline(__always) get { 4 } }

    /// Bᵀ·d for `size` = 6 or 8 vectors, to places `stride` floats apart.
    @inline(__always)
    static func inputs<V: Lanes>(
        size: Int, to target: Output, stride targetStride: Int, from d: (_ i: Int) -> V
    ) {
        @inline(__always) func put(_ i: Int, _ v: V) { v.store(to: target + i * targetStride) }
        if size == 6 {
            let even1 = d(4).addingProduct(-1.890625, d(2))
            let odd1 = d(3).addingProduct(-1.890625, d(1))
            let even2 = d(4).addingProduct(-0.390625, d(2))
            let odd2 = d(3).addingProduct(-0.390625, d(1))
            put(0, d(4).addingProduct(0.738525390625, d(0)).addingProduct(-2.28125, d(2)))
            put(1, even1.addingProduct(0.625, odd1))
            put(2, even1.addingProduct(-0.625, odd1))
            put(3, even2.addingProduct(1.375, odd2))
            put(4, even2.addingProduct(-1.375, odd2))
            put(5, d(5).addingProduct(0.738525390625, d(1)).addingProduct(-2.28125, d(3)))
        } else {
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

    /// The first two outputs of Aᵀ·m for 6 vectors, where there are but two.
    @inline(__always)
    private static func twoOutputs<V: Summands>(_ m0: V, _ m1: V, _ m2: V, _ m3: V, _ m4: V, _ m5: V) -> (V, V) {
        (
            m0.adding(m1.adding(m2)).adding(m3.adding(m4)),
            m5.addingProduct(0.625, m1.subtracting(m2)).addingProduct(1.375, m3.subtracting(m4))
        )
    }

    /// The first and the third of four outputs of Aᵀ·m for `size` = 6 or 8 vectors; what is beyond `size` is not looked at.
    @inline(__always)
    static func evenOutputs<V: Summands>(
        size: Int, _ m0: V, _ m1: V, _ m2: V, _ m3: V, _ m4: V, _ m5: V, _ m6: V, _ m7: V
    ) -> (V, V) {
        let sum1 = m1.adding(m2)
        let sum2 = m3.adding(m4)
        let first = m0.adding(sum1).adding(sum2)
        guard size == 8 else { return (first, sum1.scaled(by: 0.390625).addingProduct(1.890625, sum2)) }
        let sum3 = m5.adding(m6)
        return (first.adding(sum3), sum1.addingProduct(4, sum2).addingProduct(0.25, sum3))
    }

    /// The second and the fourth of them.
    @inline(__always)
    static func oddOutputs<V: Summands>(
        size: Int, _ m0: V, _ m1: V, _ m2: V, _ m3: V, _ m4: V, _ m5: V, _ m6: V, _ m7: V
    ) -> (V, V) {
        let difference1 = m1.subtracting(m2)
        let difference2 = m3.subtracting(m4)
        guard size == 8 else {
            return (
                difference1.scaled(by: 0.625).addingProduct(1.375, difference2),
                m5.addingProduct(0.244140625, difference1).addingProduct(2.599609375, difference2)
            )
        }
        let difference3 = m5.subtracting(m6)
        return (
            difference1.addingProduct(2, difference2).addingProduct(0.5, difference3),
            difference1.addingProduct(8, difference2).addingProduct(0.125, difference3).adding(m7)
        )
    }

    /// The outputs of a column of 6 points, 2 or 4 of them by `height`: calls `put` with each.
    @inline(__always)
    static func column<V: Summands>(
        height: Int, _ m0: V, _ m1: V, _ m2: V, _ m3: V, _ m4: V, _ m5: V, put: (_ y: Int, _ output: V) -> Void
    ) {
        if height == 2 {
            let both = twoOutputs(m0, m1, m2, m3, m4, m5)
            put(0, both.0)
            put(1, both.1)
        } else {
            let even = evenOutputs(size: 6, m0, m1, m2, m3, m4, m5, m5, m5)
            put(0, even.0)
            put(2, even.1)
            let odd = oddOutputs(size: 6, m0, m1, m2, m3, m4, m5, m5, m5)
            put(1, odd.0)
            put(3, odd.1)
        }
    }

    /// G·w for `taps` = 3 or 5 vectors, `stride` vectors apart, and `size` = 6 or 8 points.
    @inline(__always)
    static func weights(
        taps: Int, size: Int, _ source: UnsafePointer<Weights>, stride: Int, to target: UnsafeMutablePointer<Weights>,
        stride targetStride: Int
    ) {
        @inline(__always) func put(_ i: Int, _ v: Weights) { target[i * targetStride] = v }
        let (w0, w1, w2) = (source[0], source[stride], source[2 * stride])
        let (w3, w4) = taps == 5 ? (source[3 * stride], source[4 * stride]) : (.zero, .zero)
        if size == 6 {
            var even1 = w0 + 0.390625 * w2
            var odd1 = 0.625 * w1
            var even2 = w0 + 1.890625 * w2
            var odd2 = 1.375 * w1
            if taps == 5 {
                even1 += 0.152587890625 * w4
                odd1 += 0.244140625 * w3
                even2 += 3.574462890625 * w4
                odd2 += 2.599609375 * w3
            }
            put(0, w0 * (4096.0 / 3025))
            put(1, (even1 + odd1) * (-64.0 / 75))
            put(2, (even1 - odd1) * (-64.0 / 75))
            put(3, (even2 + odd2) * (64.0 / 363))
            put(4, (even2 - odd2) * (64.0 / 363))
            put(5, taps == 5 ? w4 : w2)
        } else {
            let even1 = (w0 + w2) + w4
            let odd1 = w1 + w3
            let even2 = (w0 + 4 * w2) + 16 * w4
            let odd2 = 2 * w1 + 8 * w3
            let even3 = (16 * w0 + 4 * w2) + w4
            let odd3 = 8 * w1 + 2 * w3
            put(0, w0)
            put(1, (even1 + odd1) * (-2.0 / 9))
            put(2, (even1 - odd1) * (-2.0 / 9))
            put(3, (even2 + odd2) * (1.0 / 90))
            put(4, (even2 - odd2) * (1.0 / 90))
            put(5, (even3 + odd3) * (2.0 / 45))
            put(6, (even3 - odd3) * (2.0 / 45))
            put(7, w4)
        }
    }
}
