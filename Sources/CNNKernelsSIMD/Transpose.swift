import CNNKernels

/// Transposition of matrices, eight rows and four columns at a time.
enum Transpose {
    /// Transposes a (rows, columns) matrix: element (row, column) stands at `row · sourceStride + column` and goes to `column · targetStride + row`.
    static func transpose(rows: Int, columns: Int, from source: Input, sourceStride: Int, to target: Output, targetStride: Int) {
        let wholeRows = rows / 8 * 8
        let wholeColumns = columns / 4 * 4
        for row in stride(from: 0, to: wholeRows, by: 8) {
            for column in stride(from: 0, to: wholeColumns, by: 4) {
                transposeBlock(
                    from: source + row * sourceStride + column, sourceStride: sourceStride, to: target + column * targetStride + row,
                    targetStride: targetStride)
            }
        }
        for row in 0..<rows {
            for column in (row < wholeRows ? wholeColumns : 0)..<columns {
                target[column * targetStride + row] = source[row * sourceStride + column]
            }
        }
    }

    /// Transposes a block. Rows `i` and `i + 4` share a vector, so that no value moves from one half of a register to the other.
    @inline(__always)
    private static func transposeBlock(from source: Input, sourceStride: Int, to target: Output, targetStride: Int) {
        @inline(__always) func four(_ first: Input) -> SIMD4<Float> { UnsafeRawPointer(first).loadUnaligned(as: SIMD4<Float>.self) }
        @inline(__always) func rows(_ i: Int) -> Halves {
            Halves(four(source + i * sourceStride), four(source + (i + 4) * sourceStride))
        }
        let (r0, r1, r2, r3) = (rows(0), rows(1), rows(2), rows(3))
        let (even0, odd0) = (r0.interleaved(low: r2), r0.interleaved(high: r2))
        let (even1, odd1) = (r1.interleaved(low: r3), r1.interleaved(high: r3))
        even0.interleaved(low: even1).store(to: target)
        even0.interleaved(high: even1).store(to: target + targetStride)
        odd0.interleaved(low: odd1).store(to: target + 2 * targetStride)
        odd0.interleaved(high: odd1).store(to: target + 3 * targetStride)
    }
}

/// Four columns of two rows.
private struct Halves {
    let vector: SIMD8<Float>

    @inline(__always) init(_ low: SIMD4<Float>, _ high: SIMD4<Float>) { vector = SIMD8(lowHalf: low, highHalf: high) }

    /// The first two elements of each half and of `other`'s in turn.
    @inline(__always) func interleaved(low other: Halves) -> Halves {
        Halves(
            SIMD4(vector[0], other.vector[0], vector[1], other.vector[1]), SIMD4(vector[4], other.vector[4], vector[5], other.vector[5]))
    }

    /// The last two elements of each half and of `other`'s in turn.
    @inline(__always) func interleaved(high other: Halves) -> Halves {
        Halves(
            SIMD4(vector[2], other.vector[2], vector[3], other.vector[3]), SIMD4(vector[6], other.vector[6], vector[7], other.vector[7]))
    }

    @inline(__always) func store(to target: Output) { vector.store(to: target) }
}
