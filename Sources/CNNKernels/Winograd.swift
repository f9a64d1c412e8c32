/// Winograd's minimal filtering in both directions: a tile of neighbouring outputs at once from fewer products.
///
/// In one direction, with `w` the r taps of a kernel and `d` the n inputs under them, n - r + 1 outputs are `Aᵀ((G·w) ⊙ (Bᵀ·d))`. That is applied to the columns and then to the rows of
/// kernel and inputs; the channels are added up between the transforms.
///
/// | kernel | columns | rows | tile | products for a tile, and of the direct sum |
/// |---|---|---|---|---|
/// | 3x3 | n = 6 | n = 6 | 4x4 | 36 and 144 |
/// | 5x5 | n = 6 | n = 8 | 2x4 | 48 and 200 |
///
/// The interpolation points are 0, ±5/8, ±11/8 and infinity for n = 6, which give little more than half the error of 0, ±1, ±2 and infinity, and 0, ±1/2, ±1, ±2 and infinity for n = 8.
/// The errors are two to three times those of the direct sum, a few units in the last place.
///
/// Source: A. Lavin and S. Gray, "Fast Algorithms for Convolutional Neural Networks", CVPR 2016. The matrices stand in the functions of `ScalarWinograd.swift`; the order of the
/// operations is part of the promise that all kernels give the same bits.
package enum Winograd {
    /// Points of a column, n.
    static let columnSize = 6
    /// Columns of a tile of outputs.
    static let tileWidth = 4

    /// Tiles that an implementation computes together at most.
    static let largestBatch = 6

    /// Rows of a tile of outputs.
    static func tileHeight(kernelSize: Int) -> Int { columnSize - kernelSize + 1 }

    /// Points of a row, n, with a kernel of side `kernelSize` and images of `height` x `width` pixels; 0 where the direct sum is used.
    static func rowSize(kernelSize: Int, height: Int, width: Int) -> Int {
        guard kernelSize == 3 || kernelSize == 5, height % tileHeight(kernelSize: kernelSize) == 0, width % tileWidth == 0 else { return 0 }
        return kernelSize + tileWidth - 1
    }
}
