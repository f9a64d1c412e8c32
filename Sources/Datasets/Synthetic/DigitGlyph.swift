/// One way of writing a digit: strokes of the pen as the points they pass through.
///
/// Units: hundredths of the digit's height, x to the right, y down, from the top left corner of the digit.
struct DigitGlyph: Sendable {
    /// A point a stroke passes through.
    struct Knot: Sendable {
        /// Where it is.
        var position: SIMD2<Float>
        /// Whether the stroke turns sharply here; elsewhere it runs through smoothly.
        var isCorner: Bool
    }

    /// How often this way of writing is chosen, relative to the digit's others.
    let weight: Float
    /// The strokes, each of two knots or more.
    let strokes: [[Knot]]

    init(_ weight: Float, _ strokes: [Knot]...) {
        self.weight = weight
        self.strokes = strokes
    }

    /// The way of writing a digit at `share`, from 0 to 1, of the way through the digit's ways, each as long as its weight.
    static func choose(digit: Int, at share: Float) -> DigitGlyph {
        let glyphs = all[digit]
        var total: Float = 0
        for glyph in glyphs { total += glyph.weight }
        var rest = share * total
        for glyph in glyphs {
            rest -= glyph.weight
            if rest < 0 { return glyph }
        }
        return glyphs[glyphs.count - 1]
    }
}
