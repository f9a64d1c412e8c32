/// The sizes that the loops of Winograd's form run over.
protocol WinogradSizes {
    /// Points of a row, 6 or 8.
    var rowSize: Int { get }
    var c1: Int { get }
    var c1Stride: Int { get }
}

extension WinogradSizes {
    /// Tiles that are computed together, an even number.
    var tiles: Int { @inline(__always) get { WinogradColumns.batchSize } }
    /// Points of a tile.
    var points: Int { @inline(__always) get { WinogradTransforms.columnSize * rowSize } }
    /// Rows of a tile: `rowSize` - 3 is the side of the kernel.
    var tileHeight: Int { @inline(__always) get { WinogradTransforms.columnSize + 4 - rowSize } }
}
