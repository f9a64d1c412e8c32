import CNNKernels

/// Softmax and cross entropy: the exponentials of a sample's classes side by side, and the logarithms of the samples.
enum CrossEntropy {
    typealias Vector = SIMD16<Double>

    static func compute(
        samples: Int, classes: Int, logits: Input, labels: UnsafePointer<UInt8>, gradients: Output?, losses: UnsafeMutablePointer<Double>,
        predictions: UnsafeMutablePointer<UInt32>
    ) {
        let padded = (classes + 15) / 16 * 16
        withUnsafeTemporaryAllocation(byteCount: padded * MemoryLayout<Double>.stride, alignment: 64) { memory in
            let values = memory.baseAddress!.bindMemory(to: Double.self, capacity: padded)
            for c in classes..<padded { values[c] = 0 }
            var sums = SIMD8<Double>(repeating: 1)
            var differences = SIMD8<Double>.zero
            for sample in 0..<samples {
                let (sum, difference, prediction) = softmax(
                    classes: classes, logits: logits + sample * classes, label: Int(labels[sample]),
                    gradient: gradients.map { $0 + sample * classes }, values)
                sums[sample] = sum
                differences[sample] = difference
                predictions[sample] = UInt32(truncatingIfNeeded: prediction)
            }
            let found = logarithm(sums) - differences
            for sample in 0..<samples { losses[sample] = found[sample] }
        }
    }

    /// One sample's sum of exponentials, its label's distance to the largest logit, and its prediction.
    ///
    /// - Parameter values: room for a number a class, up to whole vectors.
    @inline(__always)
    private static func softmax(
        classes: Int, logits: Input, label: Int, gradient: Output?, _ values: UnsafeMutablePointer<Double>
    ) -> (sum: Double, difference: Double, prediction: Int) {
        var prediction = 0
        for c in 1..<max(classes, 1) where logits[c] > logits[prediction] { prediction = c }
        let largest = Double(logits[prediction])
        for c in 0..<classes { values[c] = Double(logits[c]) - largest }
        let difference = values[label]
        for block in stride(from: 0, to: classes, by: 16) { store(exponential(load(values + block)), to: values + block) }
        var sum = 0.0
        for c in 0..<classes { sum += values[c] }
        if let gradient {
            for block in stride(from: 0, to: classes, by: 16) { store(load(values + block) / Vector(repeating: sum), to: values + block) }
            values[label] -= 1
            for c in 0..<classes { gradient[c] = Float(values[c]) }
        }
        return (sum, difference, prediction)
    }

    @inline(__always)
    private static func load(_ source: UnsafeMutablePointer<Double>) -> Vector { UnsafeRawPointer(source).loadUnaligned(as: Vector.self) }

    @inline(__always)
    private static func store(_ vector: Vector, to target: UnsafeMutablePointer<Double>) {
        UnsafeMutableRawPointer(target).storeBytes(of: vector, as: Vector.self)
    }

    /// `Softmax.exponential` in each lane.
    @inline(__always)
    private static func exponential(_ x: Vector) -> Vector {
        // Adding one and a half times 2^52 rounds to the nearest whole number, ties to even, which is then in the sum's low bits.
        let magic = Vector(repeating: 0x1.8p52)
        let shifted = x * Vector(repeating: 1.4426950408889634) + magic
        let n = shifted - magic
        let r = x.addingProduct(-n, Vector(repeating: 0x1.62e42fee00000p-1)).addingProduct(-n, Vector(repeating: 0x1.a39ef35793c76p-33))
        var sum = Vector(repeating: 1.0 / 6_227_020_800)
        sum = Vector(repeating: 1.0 / 479_001_600).addingProduct(sum, r)
        sum = Vector(repeating: 1.0 / 39_916_800).addingProduct(sum, r)
        sum = Vector(repeating: 1.0 / 3_628_800).addingProduct(sum, r)
        sum = Vector(repeating: 1.0 / 362_880).addingProduct(sum, r)
        sum = Vector(repeating: 1.0 / 40_320).addingProduct(sum, r)
        sum = Vector(repeating: 1.0 / 5_040).addingProduct(sum, r)
        sum = Vector(repeating: 1.0 / 720).addingProduct(sum, r)
        sum = Vector(repeating: 1.0 / 120).addingProduct(sum, r)
        sum = Vector(repeating: 1.0 / 24).addingProduct(sum, r)
        sum = Vector(repeating: 1.0 / 6).addingProduct(sum, r)
        sum = Vector(repeating: 1.0 / 2).addingProduct(sum, r)
        sum = Vector(repeating: 1).addingProduct(sum, r)
        sum = Vector(repeating: 1).addingProduct(sum, r)
        let exponents =
            unsafeBitCast(shifted, to: SIMD16<UInt64>.self) &- SIMD16(repeating: UInt64(0x4338_0000_0000_0000)) &+ SIMD16(repeating: 1023)
        let powers = unsafeBitCast(exponents &<< SIMD16(repeating: 52), to: Vector.self)
        // NaN is no less than the limit, and comes through the sum.
        return (sum * powers).replacing(with: Vector.zero, where: x .< Vector(repeating: Softmax.leastExponent))
    }

    /// `Softmax.logarithm` in each lane, of what is normal, infinite or NaN.
    @inline(__always)
    private static func logarithm(_ x: SIMD8<Double>) -> SIMD8<Double> {
        typealias Eight = SIMD8<Double>
        let bits = unsafeBitCast(x, to: SIMD8<UInt64>.self)
        let significand = (bits & SIMD8(repeating: 0x000F_FFFF_FFFF_FFFF)) | SIMD8(repeating: 0x3FF0_0000_0000_0000)
        var m = unsafeBitCast(significand, to: Eight.self)
        // The exponent as a number: its bits below those of 2^52.
        let biased = (bits &>> SIMD8(repeating: 52)) | SIMD8(repeating: 0x4330_0000_0000_0000)
        var n = unsafeBitCast(biased, to: Eight.self) - Eight(repeating: 0x1p52 + 1023)
        let isLarge = m .> Eight(repeating: 1.4142135623730951)
        m.replace(with: m * Eight(repeating: 0.5), where: isLarge)
        n.replace(with: n + Eight(repeating: 1), where: isLarge)
        let s = (m - Eight(repeating: 1)) / (m + Eight(repeating: 1))
        let square = s * s
        var sum = Eight(repeating: 1.0 / 23)
        sum = Eight(repeating: 1.0 / 21).addingProduct(sum, square)
        sum = Eight(repeating: 1.0 / 19).addingProduct(sum, square)
        sum = Eight(repeating: 1.0 / 17).addingProduct(sum, square)
        sum = Eight(repeating: 1.0 / 15).addingProduct(sum, square)
        sum = Eight(repeating: 1.0 / 13).addingProduct(sum, square)
        sum = Eight(repeating: 1.0 / 11).addingProduct(sum, square)
        sum = Eight(repeating: 1.0 / 9).addingProduct(sum, square)
        sum = Eight(repeating: 1.0 / 7).addingProduct(sum, square)
        sum = Eight(repeating: 1.0 / 5).addingProduct(sum, square)
        sum = Eight(repeating: 1.0 / 3).addingProduct(sum, square)
        sum = Eight(repeating: 1).addingProduct(sum, square)
        let result = (Eight(repeating: 2) * s * sum).addingProduct(n, Eight(repeating: 0.6931471805599453))
        let infinity = Eight(repeating: .infinity)
        return result.replacing(with: x, where: .!(x .< infinity))
    }
}
