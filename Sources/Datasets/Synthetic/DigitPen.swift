/// Draws digits: traces a glyph as a hand varies it, fits it into the box and centres it in the image.
///
/// Keeps its buffers from one image to the next, so that drawing allocates next to nothing.
struct DigitPen {
    /// Height and width of an image in pixels.
    static let imageSide = 28
    /// Bytes of an image.
    static let imageSize = imageSide * imageSide

    /// Straight lines a curve is drawn with from one knot to the next: at 20 pixels a digit, each is about a pixel long.
    private static let linesPerSpan = 6
    /// The thinnest a wavering stroke gets, in pixels: half of it.
    private static let smallestRadius: Float = 0.45

    private var box = InkBox()
    private var greys = [UInt8](repeating: 0, count: InkBox.side * InkBox.side)
    private var knots: [DigitGlyph.Knot] = []
    /// The strokes as points joined by straight lines, one stroke after the other.
    private var points: [SIMD2<Float>] = []
    /// The pen's radius at each point, in pixels.
    private var radii: [Float] = []
    /// For each stroke, the number of points up to its end.
    private var strokeEnds: [Int] = []

    /// Draws a glyph and appends the image to `pixels`: (row, column), 0 black to 255 white.
    mutating func draw(_ glyph: DigitGlyph, variates: inout VariateStream, appendingTo pixels: inout [UInt8]) {
        let hand = Handwriting(variates: &variates)
        points.removeAll(keepingCapacity: true)
        radii.removeAll(keepingCapacity: true)
        strokeEnds.removeAll(keepingCapacity: true)
        for stroke in glyph.strokes {
            knots.removeAll(keepingCapacity: true)
            for knot in stroke {
                knots.append(DigitGlyph.Knot(position: hand.place(knot.position, variates: &variates), isCorner: knot.isCorner))
            }
            trace(hand, variates: &variates)
        }
        fit(reach: hand.radius + hand.softness / 2)
        ink(softness: hand.softness)
        box.develop(into: &greys)
        appendCentred(to: &pixels)
    }

    /// Appends the curve through the knots to the points: a Catmull-Rom spline, ended and begun anew at each corner.
    private mutating func trace(_ hand: Handwriting, variates: inout VariateStream) {
        var radius = hand.waveringRadius(variates: &variates)
        for i in 0..<(knots.count - 1) {
            let b = knots[i].position
            let c = knots[i + 1].position
            // Beyond an end or a corner the curve would go straight on.
            let a = i == 0 || knots[i].isCorner ? b + b - c : knots[i - 1].position
            let d = i + 2 == knots.count || knots[i + 1].isCorner ? c + c - b : knots[i + 2].position
            let linear = (c - a) * 0.5
            let square = a - b * 2.5 + c * 2 - d * 0.5
            let cube = (d - a) * 0.5 + (b - c) * 1.5
            let nextRadius = hand.waveringRadius(variates: &variates)
            for line in 0..<Self.linesPerSpan {
                let t = Float(line) / Float(Self.linesPerSpan)
                points.append(((cube * t + square) * t + linear) * t + b)
                radii.append(max(Self.smallestRadius, radius + (nextRadius - radius) * t))
            }
            radius = nextRadius
        }
        points.append(knots[knots.count - 1].position)
        radii.append(max(Self.smallestRadius, radius))
        strokeEnds.append(points.count)
    }

    /// Scales the points, and moves them to the middle, so that ink reaching `reach` pixels beyond them just fits the box.
    private mutating func fit(reach: Float) {
        var low = points[0]
        var high = points[0]
        for point in points {
            low = pointwiseMin(low, point)
            high = pointwiseMax(high, point)
        }
        let extent = high - low
        let middle = (low + high) * 0.5
        let side = Float(InkBox.side)
        let scale = (side - 2 * reach) / max(extent.x, extent.y)
        for i in points.indices { points[i] = (points[i] - middle) * scale + SIMD2(repeating: side / 2) }
    }

    /// Draws the strokes' lines into the box.
    private mutating func ink(softness: Float) {
        box.clear()
        var first = 0
        for end in strokeEnds {
            for i in first..<(end - 1) {
                box.draw(from: points[i], to: points[i + 1], radius: radii[i], softness: softness)
            }
            first = end
        }
    }

    /// Appends the image with the box where the grey's centre of mass comes to lie on pixel (14, 14), to half a pixel, as MNIST's does.
    private func appendCentred(to pixels: inout [UInt8]) {
        var mass = 0
        var rowMoment = 0
        var columnMoment = 0
        for row in 0..<InkBox.side {
            for column in 0..<InkBox.side {
                let grey = Int(greys[row * InkBox.side + column])
                mass += grey
                rowMoment += row * grey
                columnMoment += column * grey
            }
        }
        let origin =
            pixels.count + Self.boxOffset(moment: rowMoment, mass: mass) * Self.imageSide + Self.boxOffset(moment: columnMoment, mass: mass)
        pixels.append(contentsOf: repeatElement(0, count: Self.imageSize))
        for row in 0..<InkBox.side {
            for column in 0..<InkBox.side {
                pixels[origin + row * Self.imageSide + column] = greys[row * InkBox.side + column]
            }
        }
    }

    /// How many pixels from the image's edge the box begins, along one axis; the whole box stays within the image.
    private static func boxOffset(moment: Int, mass: Int) -> Int {
        let centre = (2 * moment + mass) / (2 * max(1, mass))
        return max(0, min(imageSide - InkBox.side, imageSide / 2 - centre))
    }
}
