/// Division of many numbers by one, by a product and two fused multiply-adds, which take a third of a division's time.
///
/// The second of them corrects the product by the remainder, and rounds as the division does, because the reciprocal is rounded correctly and the remainder is exact: neither the quotient nor its last bit times
/// the divisor's may be too small for a normal number. Source: N. Brisebarre, J.-M. Muller and S. K. Raina, "Accelerating Correctly Rounded Floating-Point Division When the Divisor Is
/// Known in Advance", IEEE Transactions on Computers 53(8), 2004, which gives the algorithm to P. Markstein.
struct KnownDivisor {
    typealias Vector = SIMD16<Float>

    let divisor: Float
    private let reciprocal: Float

    @inline(__always) init(_ divisor: Float) {
        self.divisor = divisor
        reciprocal = 1 / divisor
    }

    /// The quotient of a finite dividend.
    @inline(__always) func quotient(_ dividend: Vector) -> Vector {
        let product = dividend * Vector(repeating: reciprocal)
        let remainder = dividend.addingProduct(product, Vector(repeating: -divisor))
        return product.addingProduct(remainder, Vector(repeating: reciprocal))
    }
}
