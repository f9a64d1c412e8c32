import CNNKernels
import CVectors

/// The network's inputs, and where an image's ink is: 16 pixels of a row at a time, of which the last overlap those before them where they must.
enum Normalization {
    static func normalize(
        _ g: Geometry, pixels: UnsafePointer<UInt8>, mean: Float, standardDeviation: Float, input: Output,
        ink: UnsafeMutablePointer<InkSpan>
    ) {
        // With these a difference from the mean is 0 or at least 2^-84, and a quotient a normal number.
        let isCorrectable = mean == 0 || 0x1p-60...0x1p60 ~= abs(mean)
        guard 16...64 ~= g.width, isCorrectable, 0x1p-40...0x1p40 ~= standardDeviation else {
            return ScalarKernels.normalize(
                g, pixels: pixels, mean: mean, standardDeviation: standardDeviation, input: input, ink: ink)
        }
        let white = KnownDivisor(255)
        let deviation = KnownDivisor(standardDeviation)
        for y in 0..<g.height {
            let source = pixels + y * g.width
            let target = input + (y + g.padding) * g.paddedWidth + g.padding
            var columns: UInt64 = 0
            for next in stride(from: 0, to: g.width, by: 16) {
                let x = min(next, g.width - 16)
                let brightness = white.quotient(vector_numbers_16(source + x))
                deviation.quotient(brightness - SIMD16(repeating: mean)).store(to: target + x)
                columns |= UInt64(vector_marks_16(source + x)) &<< UInt64(truncatingIfNeeded: x)
            }
            // Without a branch: a row without ink has 64 zero bits.
            let before = columns.trailingZeroBitCount
            ink[y].first = before | -(before / 64) & .max
            ink[y].end = 64 - columns.leadingZeroBitCount
        }
    }
}
