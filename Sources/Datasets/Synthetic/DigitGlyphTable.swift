/// A knot the stroke runs through smoothly.
private func at(_ x: Float, _ y: Float) -> DigitGlyph.Knot { .init(position: SIMD2(x, y), isCorner: false) }

/// A knot where the stroke turns sharply.
private func corner(_ x: Float, _ y: Float) -> DigitGlyph.Knot { .init(position: SIMD2(x, y), isCorner: true) }

extension DigitGlyph {
    /// The ways of writing each digit: `all[digit]`.
    static let all: [[DigitGlyph]] = [zero, one, two, three, four, five, six, seven, eight, nine]

    private static let zero = [
        // One round, from the top to the left.
        DigitGlyph(4, [at(45, 0), at(18, 14), at(3, 50), at(14, 86), at(42, 100), at(68, 86), at(80, 50), at(68, 14), at(44, 1)]),
        // Narrow.
        DigitGlyph(2, [at(30, 0), at(12, 18), at(3, 55), at(10, 88), at(26, 100), at(42, 86), at(52, 48), at(45, 14), at(29, 1)]),
        // Round, begun at the upper right and overlapping there.
        DigitGlyph(
            3, [at(75, 14), at(48, 0), at(14, 20), at(2, 56), at(20, 92), at(52, 99), at(84, 78), at(92, 40), at(74, 8), at(55, 3)]),
        // Wide.
        DigitGlyph(2, [at(56, 2), at(18, 16), at(0, 56), at(22, 94), at(58, 98), at(92, 74), at(98, 34), at(72, 6), at(52, 3)]),
        // Closed with a hook inwards.
        DigitGlyph(
            1, [at(50, 2), at(22, 16), at(4, 52), at(16, 90), at(46, 99), at(74, 80), at(82, 42), at(64, 10), at(42, 4), at(36, 16)]),
        // Left open at the top.
        DigitGlyph(1, [at(38, 2), at(12, 26), at(4, 62), at(22, 95), at(52, 96), at(76, 70), at(78, 34), at(62, 8)]),
    ]

    private static let one = [
        // A plain stroke.
        DigitGlyph(8, [at(50, 0), at(50, 50), at(50, 100)]),
        // Slightly bent.
        DigitGlyph(2, [at(50, 0), at(54, 30), at(52, 70), at(47, 100)]),
        // With a flag.
        DigitGlyph(1, [at(30, 20), corner(52, 0), at(51, 50), at(50, 100)]),
        // With a flag and a foot.
        DigitGlyph(0.6, [at(24, 22), corner(52, 0), at(51, 50), at(50, 98)], [at(20, 99), at(50, 98), at(84, 97)]),
    ]

    private static let two = [
        // A round head, a sharp heel.
        DigitGlyph(4, [at(8, 24), at(28, 3), at(58, 3), at(68, 26), at(48, 62), corner(6, 97), at(45, 97), at(88, 95)]),
        // A loop at the heel.
        DigitGlyph(
            3,
            [
                at(8, 22), at(32, 2), at(60, 6), at(66, 30), at(46, 66), at(18, 96), at(2, 90), at(14, 76), at(42, 86), at(66, 97),
                at(88, 90),
            ]),
        // Like a Z.
        DigitGlyph(2, [at(8, 12), at(40, 3), at(70, 8), at(62, 34), at(34, 66), corner(5, 96), at(45, 93), at(90, 95)]),
        // A wide head, a tall loop at the heel.
        DigitGlyph(
            3, [at(14, 18), at(38, 0), at(70, 12), at(70, 44), at(44, 82), at(14, 96), at(2, 80), at(22, 66), at(54, 84), at(90, 92)]),
        // A big round loop at the heel, a short foot.
        DigitGlyph(
            2.5, [at(20, 10), at(50, 0), at(72, 22), at(66, 60), at(42, 92), at(14, 96), at(6, 78), at(30, 62), at(60, 74), at(84, 94)]),
        // Narrow, the foot falling away.
        DigitGlyph(2, [at(22, 16), at(42, 0), at(56, 18), at(48, 50), at(20, 86), at(4, 80), at(20, 66), at(48, 82), at(72, 100)]),
        // A small head on a long neck, a short foot.
        DigitGlyph(2, [at(8, 18), at(28, 2), at(46, 14), at(38, 52), corner(10, 92), at(40, 93), at(68, 90)]),
        // Low and wide.
        DigitGlyph(1, [at(20, 20), at(56, 0), at(90, 14), at(76, 52), corner(6, 92), at(70, 90), at(140, 84)]),
        // A curled head.
        DigitGlyph(
            2,
            [
                at(24, 32), at(10, 14), at(38, 0), at(66, 14), at(62, 44), at(34, 80), at(10, 94), at(4, 80), at(24, 74), at(56, 88),
                at(92, 80),
            ]),
        // A swan.
        DigitGlyph(2, [at(10, 28), at(32, 2), at(64, 12), at(58, 46), at(34, 76), corner(8, 92), at(36, 84), at(64, 95), at(94, 86)]),
    ]

    private static let three = [
        // Round.
        DigitGlyph(4, [at(8, 14), at(36, 0), at(64, 14), at(56, 38), corner(28, 47), at(60, 54), at(72, 78), at(44, 100), at(4, 90)]),
        // A straight top, like a Z with a belly.
        DigitGlyph(1.5, [at(8, 4), at(36, 3), corner(70, 3), corner(34, 40), at(66, 54), at(74, 78), at(44, 100), at(4, 90)]),
        // A small loop in the middle.
        DigitGlyph(
            1.5, [at(8, 16), at(34, 0), at(60, 12), at(52, 38), at(28, 52), at(24, 44), at(50, 48), at(70, 70), at(50, 98), at(4, 92)]),
        // A small head, a big belly.
        DigitGlyph(1.5, [at(14, 8), at(38, 0), at(52, 14), at(42, 34), corner(26, 40), at(62, 50), at(74, 76), at(42, 100), at(2, 86)]),
        // A big head, a small belly.
        DigitGlyph(1.5, [at(4, 18), at(40, 0), at(74, 16), at(60, 44), corner(32, 54), at(58, 64), at(56, 90), at(28, 100), at(0, 92)]),
        // A shallow middle.
        DigitGlyph(2, [at(8, 8), at(40, 1), at(66, 12), at(60, 34), at(42, 46), at(62, 58), at(70, 80), at(44, 99), at(4, 94)]),
    ]

    private static let four = [
        // Open, with a sharp elbow.
        DigitGlyph(3, [at(18, 4), at(12, 28), corner(6, 54), at(40, 54), at(86, 48)], [at(68, 0), at(62, 50), at(56, 100)]),
        // Open, with a round elbow.
        DigitGlyph(3, [at(12, 4), at(6, 34), at(22, 54), at(48, 48), at(68, 36)], [at(72, 0), at(66, 48), at(58, 100)]),
        // Closed.
        DigitGlyph(2.5, [at(58, 2), at(34, 30), corner(4, 62), at(44, 62), at(88, 60)], [at(58, 2), at(57, 50), at(54, 100)]),
        // Narrow, leaning apart.
        DigitGlyph(2, [at(36, 0), at(22, 26), corner(4, 56), at(36, 54), at(78, 50)], [at(58, 24), at(50, 60), at(42, 100)]),
        // A low crossbar.
        DigitGlyph(1, [at(20, 0), at(12, 36), corner(6, 70), at(44, 70), at(84, 64)], [at(62, 20), at(58, 60), at(54, 100)]),
    ]

    private static let five = [
        // A neck, a belly, then the hat.
        DigitGlyph(
            4, [at(24, 4), corner(18, 44), at(46, 36), at(72, 54), at(66, 88), at(36, 100), at(4, 88)], [at(24, 4), at(54, 4), at(88, 0)]),
        // One stroke, begun at the hat.
        DigitGlyph(3, [at(84, 2), at(56, 3), corner(28, 6), corner(18, 44), at(46, 40), at(66, 60), at(54, 92), at(4, 96)]),
        // Like an S.
        DigitGlyph(2, [at(82, 4), at(48, 2), at(22, 16), at(30, 40), at(58, 56), at(62, 82), at(38, 99), at(2, 90)]),
        // A short hat over a wide belly.
        DigitGlyph(
            3, [at(16, 2), corner(12, 44), at(42, 32), at(70, 54), at(60, 90), at(28, 100), at(0, 84)], [at(14, 4), at(40, 4), at(68, 5)]),
        // The hat off the neck.
        DigitGlyph(1.5, [at(12, 16), corner(8, 48), at(36, 40), at(58, 62), at(44, 94), at(4, 94)], [at(28, 8), at(54, 5), at(82, 4)]),
        // The belly curling up again.
        DigitGlyph(
            2, [at(24, 12), corner(20, 46), at(48, 42), at(64, 66), at(46, 97), at(14, 98), at(4, 80)], [at(24, 12), at(56, 8), at(94, 2)]),
        // A slanting neck, a small belly.
        DigitGlyph(2, [at(34, 8), corner(14, 52), at(42, 50), at(56, 70), at(42, 94), at(2, 98)], [at(34, 8), at(64, 6), at(100, 0)]),
    ]

    private static let six = [
        // A curved stem.
        DigitGlyph(3, [at(62, 0), at(32, 22), at(8, 60), at(18, 94), at(48, 96), at(64, 72), at(44, 58), at(20, 70), at(10, 84)]),
        // A straight stem.
        DigitGlyph(3, [at(36, 0), at(16, 40), at(6, 74), at(26, 100), at(58, 92), at(60, 64), at(34, 58), at(8, 78)]),
        // A wide sweep.
        DigitGlyph(2, [at(76, 8), at(46, 4), at(16, 36), at(6, 72), at(28, 99), at(62, 90), at(68, 62), at(42, 50), at(12, 66)]),
        // The bowl to the right of the stem, closed by a small loop.
        DigitGlyph(2, [at(24, 0), at(4, 46), at(14, 90), at(52, 98), at(78, 76), at(70, 52), at(44, 62), at(36, 92)]),
        // An open sweep with the loop inside.
        DigitGlyph(1, [at(14, 0), at(2, 50), at(20, 96), at(64, 92), at(82, 54), at(60, 38), at(42, 68), at(44, 94)]),
        // Like a b.
        DigitGlyph(2, [at(14, 0), at(5, 46), at(8, 86), at(34, 100), at(66, 86), at(62, 62), at(36, 60), at(10, 82)]),
    ]

    private static let seven = [
        // Two straight lines.
        DigitGlyph(4, [at(4, 8), at(36, 7), corner(72, 4), at(56, 48), at(42, 100)]),
        // A round shoulder.
        DigitGlyph(2.5, [at(4, 14), at(30, 4), at(62, 5), at(66, 26), at(48, 62), at(34, 100)]),
        // A serif at the left.
        DigitGlyph(2, [at(6, 26), corner(8, 6), at(36, 8), corner(72, 4), at(58, 46), at(50, 100)]),
        // A serif and a bar.
        DigitGlyph(
            1, [at(4, 24), corner(10, 6), at(40, 10), corner(78, 4), at(54, 50), at(40, 100)], [at(22, 50), at(50, 48), at(84, 50)]),
        // A bar through the leg.
        DigitGlyph(1.5, [at(6, 10), at(38, 6), corner(74, 4), at(54, 48), at(38, 100)], [at(14, 56), at(50, 52), at(88, 48)]),
    ]

    private static let eight = [
        // An S and back.
        DigitGlyph(
            4, [at(64, 14), at(40, 0), at(16, 16), at(32, 44), at(62, 70), at(46, 98), at(12, 86), at(24, 54), at(58, 32), at(64, 12)]),
        // Two rounds.
        DigitGlyph(2, [at(38, 46), at(10, 28), at(34, 0), at(62, 24), at(38, 46), at(6, 76), at(36, 100), at(70, 74), at(38, 46)]),
        // Open at the top right.
        DigitGlyph(2, [at(70, 10), at(38, 4), at(18, 22), at(40, 48), at(56, 76), at(34, 100), at(12, 80), at(34, 52), at(80, 2)]),
        // A wide head, a narrow foot.
        DigitGlyph(
            3, [at(76, 16), at(46, 2), at(12, 14), at(22, 38), at(46, 60), at(40, 96), at(18, 96), at(20, 70), at(52, 42), at(78, 12)]),
        // Two rounds, one on the other.
        DigitGlyph(
            2, [at(40, 46), at(14, 34), at(16, 8), at(44, 0), at(70, 12), at(66, 36), at(38, 47)],
            [at(40, 46), at(4, 62), at(8, 92), at(42, 100), at(78, 90), at(76, 62), at(38, 45)]),
        // A loop drawn down to the left and closed by a straight line up.
        DigitGlyph(2, [at(70, 6), at(36, 2), at(14, 18), at(34, 42), at(58, 72), at(36, 98), at(14, 84), at(36, 56), at(72, 10)]),
        // Crossed, begun and ended at the upper right.
        DigitGlyph(
            2, [at(82, 6), at(60, 30), at(20, 68), at(22, 97), at(50, 94), at(52, 68), at(24, 36), at(22, 8), at(52, 0), at(80, 8)]),
        // A small head.
        DigitGlyph(
            2, [at(60, 10), at(40, 0), at(22, 16), at(36, 40), at(64, 70), at(44, 100), at(10, 80), at(30, 50), at(56, 28), at(58, 8)]),
    ]

    private static let nine = [
        // A straight leg.
        DigitGlyph(4, [at(62, 14), at(40, 1), at(10, 22), at(16, 46), at(42, 44), at(60, 20), corner(64, 8), at(60, 54), at(52, 100)]),
        // A curved leg.
        DigitGlyph(3, [at(64, 12), at(38, 0), at(8, 24), at(20, 48), at(50, 40), at(66, 14), at(66, 50), at(50, 88), at(14, 98)]),
        // A round head standing off a straight leg.
        DigitGlyph(4, [at(60, 10), at(32, 0), at(6, 20), at(14, 46), at(44, 48), at(66, 26)], [at(66, 4), at(64, 50), at(60, 100)]),
        // A small head, a long slanting leg.
        DigitGlyph(2, [at(62, 6), at(38, 4), at(22, 20), at(32, 36), at(56, 26), corner(66, 4), at(54, 50), at(36, 100)]),
        // Narrow and upright.
        DigitGlyph(3, [at(44, 8), at(22, 1), at(6, 20), at(14, 42), at(38, 34), at(46, 12)], [at(46, 6), at(46, 50), at(44, 100)]),
        // Narrow, with a hooked leg.
        DigitGlyph(2, [at(52, 10), at(30, 0), at(8, 18), at(16, 40), at(42, 36), at(54, 12), at(56, 54), at(40, 94), at(12, 92)]),
        // A wide flat head, slanting.
        DigitGlyph(2, [at(70, 12), at(40, 4), at(4, 30), at(16, 44), at(52, 30), at(78, 6), at(56, 52), at(32, 100)]),
        // Open at the top, the leg leaning in.
        DigitGlyph(2, [at(52, 4), at(26, 6), at(6, 28), at(16, 48), at(44, 42), at(62, 20)], [at(64, 6), at(56, 50), at(40, 100)]),
        // A big head, a short leg.
        DigitGlyph(2, [at(68, 14), at(42, 0), at(8, 16), at(8, 50), at(38, 56), at(66, 28)], [at(72, 6), at(66, 54), at(60, 100)]),
        // A tilted head running into a curved leg.
        DigitGlyph(2, [at(64, 8), at(32, 4), at(8, 30), at(26, 52), at(58, 34), at(68, 10), at(62, 62), at(30, 100)]),
        // One sweep with a slanting leg.
        DigitGlyph(3, [at(58, 18), at(42, 2), at(16, 16), at(10, 40), at(34, 44), at(60, 20), at(50, 58), at(30, 100)]),
        // A small round head.
        DigitGlyph(2, [at(56, 4), at(26, 4), at(10, 24), at(28, 40), at(54, 26), at(58, 4), at(58, 50), at(56, 100)]),
    ]
}
