import CNNKernels

/// The network's inputs, and where an image's ink is.
enum Normalization {
    static func normalize(
        _ g: Geometry, pixels: UnsafePointer<UInt8>, inputOfGrey: Input, input: Output, ink: UnsafeMutablePointer<InkSpan>
    ) {
        guard 8...64 ~= g.width else { return ScalarKernels.normalize(g, pixels: pixels, inputOfGrey: inputOfGrey, input: input, ink: ink) }
        for y in 0..<g.height {
            let source = pixels + y * g.width
            let target = input + (y + g.padding) * g.paddedWidth + g.padding
            for x in 0..<g.width { target[x] = inputOfGrey[Int(source[x])] }
            let columns = inked(source, g.width)
            // Without a branch: a row without ink has 64 zero bits.
            let before = columns.trailingZeroBitCount
            ink[y].first = before | -(before / 64) & .max
            ink[y].end = 64 - columns.leadingZeroBitCount
        }
    }

    /// A bit for each column of a row of 8 to 64 pixels: whether it has ink. Eight at a time, of which the last overlap those before them where they must.
    @inline(__always)
    private static func inked(_ row: UnsafePointer<UInt8>, _ width: Int) -> UInt64 {
        var columns: UInt64 = 0
        for next in stride(from: 0, to: width, by: 8) {
            let x = min(next, width - 8)
            let greys = UnsafeRawPointer(row + x).loadUnaligned(as: UInt64.self).littleEndian
            // The highest bit of each byte that is not zero, and then these eight bits side by side.
            let marks = (greys | ((greys & 0x7F7F_7F7F_7F7F_7F7F) &+ 0x7F7F_7F7F_7F7F_7F7F)) & 0x8080_8080_8080_8080
            let bits = (marks &>> 7 &* 0x0102_0408_1020_4080) &>> 56
            columns |= bits &<< UInt64(truncatingIfNeeded: x)
        }
        return columns
    }
}
