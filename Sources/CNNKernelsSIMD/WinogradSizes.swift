/// The sizes that the loops of Winograd's form run over.
protocol WinogradSizes {
    /// A vector of input channels.
    associatedtype Channels: Lanes
    /// Points of a row, 6 or 8.
    var rowSize: Int { get }
    var c1: Int { get }
    var c1Stride: Int { get }
    /// Tiles in a row of an image.
    var tiles: Int { get }
}

extension WinogradSizes {
    /// Points of a tile.
    var points: Int { @inline(__always) get { WinogradTransforms.columnSize * rowSize } }
    /// Rows of a tile: `rowSize` - 3 is the side of the kernel.
    var tileHeight: Int { @inline(__always) get { WinogradTransforms.columnSize + 4 - rowSize } }
    /// Pixels of an image's row.
    var width: Int { @inline(__always) get { tiles * WinogradTransforms.tileWidth } }
    /// The same with the padding.
    var paddedWidth: Int { @inline(__always) get { width + rowSize - 4 } }
}
