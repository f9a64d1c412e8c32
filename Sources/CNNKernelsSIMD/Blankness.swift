import CNNKernels

/// Which parts of an image do not depend on its ink, and where their numbers stand in a ``BlankImage``.
enum Blankness {
    /// The columns of `rows` that are at most `distance` pixels, in either direction, from ink; all between the first and the last of them.
    ///
    /// Beyond the image its first and last row are looked at again: so there are as many steps everywhere, and a compiler that knows how many writes them out.
    @inline(__always)
    static func inkedColumns(_ g: Geometry, _ ink: UnsafePointer<InkSpan>, rows: Range<Int>, within distance: Int) -> Range<Int> {
        var first = Int.max
        var end = 0
        for y in rows.lowerBound - distance..<rows.upperBound + distance {
            let row = ink[min(max(y, 0), g.height - 1)]
            first = min(first, row.first)
            end = max(end, row.end)
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
