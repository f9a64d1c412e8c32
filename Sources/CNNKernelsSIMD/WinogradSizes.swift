import CNNKernels

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

/// Sizes that the compiler knows.
struct FixedSizes<Channels: Lanes, let pointsOfRow: Int, let channels: Int, let tilesOfRow: Int>: WinogradSizes {
    var rowSize: Int { @inline(__always) get { pointsOfRow } }
    var c1: Int { @inline(__always) get { channels } }
    var c1Stride: Int { @inline(__always) get { (channels + 7) / 8 * 8 } }
    var tiles: Int { @inline(__always) get { tilesOfRow } }
}

/// Any sizes but that of a row's points.
struct VariableSizes<let pointsOfRow: Int>: WinogradSizes {
    typealias Channels = SIMD8<Float>
    let c1: Int
    let c1Stride: Int
    let tiles: Int
    var rowSize: Int { @inline(__always) get { pointsOfRow } }

    init(_ g: Geometry) {
        c1 = g.c1
        c1Stride = g.c1Stride
        tiles = g.width / WinogradTransforms.tileWidth
    }
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
