/// The square of 20 by 20 pixels that a digit is drawn into, as MNIST's digits were scaled into one.
struct InkBox {
    /// Height and width in pixels.
    static let side = 20

    /// How much of each pixel is inked, 0 to 1: (row, column).
    private var coverage = [Float](repeating: 0, count: side * side)

    /// Takes all the ink away.
    mutating func clear() {
        for pixel in coverage.indices { coverage[pixel] = 0 }
    }

    /// Inks a straight line: fully inside, fading out over the `softness` pixels about its edge, `radius` pixels from its middle.
    ///
    /// Where lines overlap a pixel keeps the most ink either gives it, so a curve of many short lines shows no seams.
    mutating func draw(from start: SIMD2<Float>, to end: SIMD2<Float>, radius: Float, softness: Float) {
        let reach = radius + softness / 2
        let perSoftness = 1 / softness
        let runX = end.x - start.x
        let runY = end.y - start.y
        let length2 = runX * runX + runY * runY
        let perLength2 = length2 > 0 ? 1 / length2 : 0
        let columns = Self.pixels(from: min(start.x, end.x) - reach, to: max(start.x, end.x) + reach)
        for row in Self.pixels(from: min(start.y, end.y) - reach, to: max(start.y, end.y) + reach) {
            let y = Float(row) + 0.5 - start.y
            for column in columns {
                let x = Float(column) + 0.5 - start.x
                let nearest = max(0, min(1, (x * runX + y * runY) * perLength2))
                let dx = x - nearest * runX
                let dy = y - nearest * runY
                let distance2 = dx * dx + dy * dy
                guard distance2 < reach * reach else { continue }
                let ink = min(1, (reach - distance2.squareRoot()) * perSoftness)
                let pixel = row * Self.side + column
                if ink > coverage[pixel] { coverage[pixel] = ink }
            }
        }
    }

    /// The pixels a stretch of the box touches, cut at the box's edge.
    private static func pixels(from low: Float, to high: Float) -> Range<Int> {
        let first = max(0, Int(low))
        return first..<max(first, min(side, Int(high) + 1))
    }

    /// Writes each pixel's grey, 0 to 255, into `greys`: (row, column).
    ///
    /// The smooth step from no ink to full gives the edges as many faint and as many nearly white pixels as MNIST's have.
    func develop(into greys: inout [UInt8]) {
        for pixel in coverage.indices {
            let ink = coverage[pixel]
            greys[pixel] = UInt8(ink * ink * (3 - 2 * ink) * 255 + 0.5)
        }
    }
}
