/// One hand on one occasion: how it slants, stretches, bends and inks whatever glyph it writes.
///
/// The ranges are judged by eye and by simple statistics of handwritten digits: ink per image, slant, width.
struct Handwriting {
    /// Half the stroke's width, in pixels.
    let radius: Float
    /// Width of the stroke's grey edge, in pixels.
    let softness: Float
    /// How far each knot strays: standard deviation in hundredths of the height.
    private let stray: Float
    /// Stretching, slanting and turning, as the columns of a matrix.
    private let columnX: SIMD2<Float>
    private let columnY: SIMD2<Float>
    /// Bending: what y², xy (both to the right), xy and y² (both down) add.
    private let bend: SIMD4<Float>

    /// Draws a hand at random.
    init(variates: inout VariateStream) {
        // Thick pens stray further from the mean than thin ones.
        let thickness = variates.bell()
        radius = max(0.55, 1.3 + 0.38 * thickness + 0.06 * thickness * thickness)
        // A thin stroke, too, is white along its middle.
        softness = min(1.5, 2 * radius)
        stray = 1.5 + 4.5 * variates.uniform()
        // Most people's digits lean to the right: y points down, so this is negative.
        let slant = -0.17 + 0.27 * variates.bell()
        let stretch = 1 + 0.18 * variates.bell()
        // The tangent of half an angle gives its cosine and sine without a C library's, whose last bits differ.
        let t = 0.045 * variates.bell()
        let cosine = (1 - t * t) / (1 + t * t)
        let sine = 2 * t / (1 + t * t)
        columnX = SIMD2(cosine * stretch, sine * stretch)
        columnY = SIMD2(cosine * slant - sine, sine * slant + cosine)
        bend = SIMD4(variates.bell(), variates.bell(), variates.bell(), variates.bell()) * 0.14
    }

    /// Where this hand puts a glyph's knot, in halves of the digit's height from its middle.
    func place(_ knot: SIMD2<Float>, variates: inout VariateStream) -> SIMD2<Float> {
        let strayed = knot + SIMD2(variates.bell(), variates.bell()) * stray
        let x = (strayed.x - 40) * 0.02
        let y = (strayed.y - 50) * 0.02
        let bentX = x + bend.x * (y * y) + bend.y * (x * y)
        let bentY = y + bend.z * (x * y) + bend.w * (y * y)
        return columnX * bentX + columnY * bentY
    }

    /// Half the stroke's width at a knot, in pixels: the pen's pressure wavers.
    func waveringRadius(variates: inout VariateStream) -> Float {
        radius * (1 + 0.12 * variates.bell())
    }
}
