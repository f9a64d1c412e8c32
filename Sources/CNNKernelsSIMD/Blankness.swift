import CNNKernels

/// Which parts of an image do not depend on its ink, and where their numbers stand in a ``BlankImage``.
enum Blankness {
    /// The columns of `rows` that are at most `distance` pixels, in either direction, from ink; all between the first and the last of them.
    @inline(__always)
    static func inkedColumns(_ g: Geometry, _ ink: UnsafePointer<InkSpan>, rows: Range<Int>, within distance: Int) -> Range<Int> {
        var first = Int.max
        var end = 0
        for y in max(0, rows.lowerBound - distance)..<min(g.height, rows.upperBound + distance) {
            first = min(first, ink[y].first)
            end = max(end, ink[y].end)
        }
        guard first < end else { return 0..<0 }
        return max(0, first - distance)..<min(g.width, end + distance)
    }

    /// The row of a ``BlankImage`` that has the numbers of row `y`.
    @inline(__always)
    static func row(_ g: Geometry, _ y: Int) -> Int {
        if y < g.blankBorder { return y }
        if y >= g.height - g.blankBorder { return y - (g.height - g.blankHeight) }
        return g.blankBorder + (y - g.blankBorder) & (g.blankPeriod - 1)
    }
}
