import CNNKernels

/// How the first convolution computes tiles of neighbouring pixels.
protocol FirstConvolutionTiles {
    /// Channels that are computed together.
    static var channels: Int { get }
    /// Pixels of a tile's row.
    static var width: Int { get }
    /// Rows of a tile.
    static var height: Int { get }
    /// Tiles that are computed together, 1 or 2.
    static var count: Int { get }
    /// Calls `body` with the weights as ``compute(_:_:_:weights:bias:distance:_:)`` reads them.
    static func withWeights<Side: KernelSide>(_ g: Geometry, _ side: Side, _ weights: Input, _ body: (Input) -> Void)
    /// Computes the tile whose top-left tap `input` points at, for `output`, and another one `distance` pixels on if two are computed together.
    static func compute<Side: KernelSide>(
        _ g: Geometry, _ side: Side, _ input: Input, weights: Input, bias: Input, distance: Int, _ output: Output)
}

/// One tile of one row, one tap of the kernel after the other, each weight loaded once for all pixels.
enum TapByTap<Row: Accumulators>: FirstConvolutionTiles {
    static var channels: Int { @inline(__always) get { Row.Vector.scalarCount } }
    static var width: Int { @inline(__always) get { Row.count } }
    static var height: Int { @inline(__always) get { 1 } }
    static var count: Int { @inline(__always) get { 1 } }

    @inline(__always)
    static func withWeights<Side: KernelSide>(_ g: Geometry, _ side: Side, _ weights: Input, _ body: (Input) -> Void) { body(weights) }

    @inline(__always)
    static func compute<Side: KernelSide>(
        _ g: Geometry, _ side: Side, _ input: Input, weights: Input, bias: Input, distance: Int, _ output: Output
    ) {
        var sums = Row(repeating: .load(bias))
        for ky in 0..<side.kernelSize {
            for kx in 0..<side.kernelSize {
                let weight = weights + (ky * side.kernelSize + kx) * g.c1Stride
                sums.addProducts(Row.Vector.load(weight), broadcasting: input + ky * g.paddedWidth + kx, stride: 1)
            }
        }
        sums.storeRectified(to: output, stride: g.c1Stride)
    }
}
