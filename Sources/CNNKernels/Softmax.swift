/// Softmax and cross entropy, with an exponential and a logarithm of our own: libm's differ from one system to the next.
package enum Softmax {
    /// Cross entropy of one sample, its gradient with respect to the logits, and the predicted class.
    ///
    /// Probabilities are computed in double precision from the differences to the largest logit. Source: `torch.nn.CrossEntropyLoss`.
    /// - Parameters:
    ///   - logits: (class).
    ///   - label: the true class, less than `classes`.
    ///   - gradient: (class), overwritten: probability minus one for the true class, probability for the others. Not written when nil.
    /// - Returns: the loss, not finite when a logit is not, but for -∞ on another class, which is a probability of 0; and the first of the classes of the largest
    ///   logit.
    package static func crossEntropy(logits: Input, classes: Int, label: Int, gradient: Output?) -> (loss: Double, prediction: Int) {
        var prediction = 0
        for c in 1..<max(classes, 1) where logits[c] > logits[prediction] { prediction = c }
        let largest = Double(logits[prediction])
        var sum = 0.0
        for c in 0..<classes { sum += exponential(Double(logits[c]) - largest) }
        if let gradient {
            for c in 0..<classes {
                let probability = exponential(Double(logits[c]) - largest) / sum
                gradient[c] = Float(c == label ? probability - 1 : probability)
            }
        }
        return (logarithm(sum) - (Double(logits[label]) - largest), prediction)
    }

    /// The least number whose exponential counts.
    ///
    /// A class of a probability below 10⁻²⁷ would have a gradient that changes no weight, and that becomes subnormal on its way back through the layers, where some processors
    /// compute a hundred times as long.
    package static let leastExponent = -62.0

    /// eˣ for x <= 0, to within 2 units in the last place; 0 below ``leastExponent``; NaN for NaN.
    ///
    /// x = n·ln 2 + r with |r| <= ln 2 / 2, eʳ by its Taylor series.
    package static func exponential(_ x: Double) -> Double {
        guard x >= leastExponent else { return x.isNaN ? x : 0 }
        let n = (x * 1.4426950408889634).rounded(.toNearestOrEven)
        // ln 2 in two parts, the first short enough that n times it is exact.
        let r = (x.addingProduct(-n, 0x1.62e42fee00000p-1)).addingProduct(-n, 0x1.a39ef35793c76p-33)
        var sum = 1.0 / 6_227_020_800
        for factorial in inverseFactorials { sum = factorial.addingProduct(sum, r) }
        return sum * Double(bitPattern: UInt64(bitPattern: Int64(n) &+ 1023) &<< 52)
    }

    /// 1/12!, 1/11!, ... 1/1!, 1/0!.
    private static let inverseFactorials: [Double] = [
        1.0 / 479_001_600, 1.0 / 39_916_800, 1.0 / 3_628_800, 1.0 / 362_880, 1.0 / 40_320, 1.0 / 5_040, 1.0 / 720, 1.0 / 120, 1.0 / 24,
        1.0 / 6, 1.0 / 2, 1, 1,
    ]

    /// ln x for finite x > 0, to within 3 units in the last place near 1 and better than 1e-15 relative elsewhere; x itself for infinity and NaN.
    ///
    /// x = 2ⁿ·m with m between √½ and √2, ln m = 2·artanh((m-1)/(m+1)) by its series.
    package static func logarithm(_ x: Double) -> Double {
        guard x.isFinite else { return x }
        var n = Double(x.exponent)
        var m = x.significand
        if m > 1.4142135623730951 {
            m /= 2
            n += 1
        }
        let s = (m - 1) / (m + 1)
        let square = s * s
        var sum = 1.0 / 23
        for odd in stride(from: 21.0, through: 1.0, by: -2.0) { sum = (1.0 / odd).addingProduct(sum, square) }
        return (2 * s * sum).addingProduct(n, 0.6931471805599453)
    }
}
