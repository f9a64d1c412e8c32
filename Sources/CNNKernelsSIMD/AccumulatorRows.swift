import CNNKernels

/// A grid of vector accumulators that stay in registers: the taps of a convolution's kernel.
protocol AccumulatorRows {
    associatedtype Row: Accumulators
    /// Number of rows.
    static var count: Int { get }
    init(repeating value: Row.Vector)
    /// Accumulator `i` of row `j` starts as the vector at `source + i · stride + j · rowStride`.
    init(loading source: Input, stride: Int, rowStride: Int)
    /// Adds `factor · scalars[i · stride + j · rowStride]` to accumulator `i` of row `j`.
    mutating func addProducts(_ factor: Row.Vector, broadcasting scalars: Input, stride: Int, rowStride: Int)
    /// Adds `factor ·` the vector at `vectors + i · stride + j · rowStride` to accumulator `i` of row `j`.
    mutating func addProducts(_ factor: Row.Vector, loading vectors: Input, stride: Int, rowStride: Int)
    /// Adds the vector at `factors + j · factorStride` times `scalars[i · stride + j · rowStride]` to accumulator `i` of row `j`.
    mutating func addProducts(_ factors: Input, factorStride: Int, broadcasting scalars: Input, stride: Int, rowStride: Int)
    /// Adds the vector at `factors + j · rowStride` times the vector at `vectors + i · stride` to accumulator `i` of row `j`.
    mutating func addOuterProducts(_ factors: Input, rowStride: Int, _ vectors: Input, stride: Int)
    /// Adds `factor ·` accumulator `i` of row `j` to the vector at `target + i · stride + j · rowStride`.
    func addProducts(_ factor: Row.Vector, to target: Output, stride: Int, rowStride: Int)
    /// Stores accumulator `i` of row `j` at `target + i · stride + j · rowStride`.
    func store(to target: Output, stride: Int, rowStride: Int)
    /// As ``Accumulators/storeGated(scale:to:stride:)``, accumulator `i` of row `j` at `target + i · stride + j · rowStride`.
    func storeGated(scale: Row.Vector, to target: Output, stride: Int, rowStride: Int)
    /// The sum, accumulator by accumulator.
    func adding(_ other: Self) -> Self
}

/// A grid of one row.
struct SingleRow<Row: Accumulators>: AccumulatorRows {
    var row: Row

    static var count: Int { @inline(__always) get { 1 } }
    @inline(__always) init(repeating value: Row.Vector) { row = Row(repeating: value) }
    @inline(__always) init(loading source: Input, stride: Int, rowStride: Int) { row = Row(loading: source, stride: stride) }
    @inline(__always) mutating func addProducts(_ factor: Row.Vector, broadcasting scalars: Input, stride: Int, rowStride: Int) {
        row.addProducts(factor, broadcasting: scalars, stride: stride)
    }
    @inline(__always) mutating func addProducts(_ factor: Row.Vector, loading vectors: Input, stride: Int, rowStride: Int) {
        row.addProducts(factor, loading: vectors, stride: stride)
    }
    @inline(__always)
    mutating func addProducts(_ factors: Input, factorStride: Int, broadcasting scalars: Input, stride: Int, rowStride: Int) {
        row.addProducts(Row.Vector.load(factors), broadcasting: scalars, stride: stride)
    }
    @inline(__always) mutating func addOuterProducts(_ factors: Input, rowStride: Int, _ vectors: Input, stride: Int) {
        row.addProducts(Row.Vector.load(factors), loading: vectors, stride: stride)
    }
    @inline(__always) func addProducts(_ factor: Row.Vector, to target: Output, stride: Int, rowStride: Int) {
        row.addProducts(factor, to: target, stride: stride)
    }
    @inline(__always) func store(to target: Output, stride: Int, rowStride: Int) { row.store(to: target, stride: stride) }
    @inline(__always) func storeGated(scale: Row.Vector, to target: Output, stride: Int, rowStride: Int) {
        row.storeGated(scale: scale, to: target, stride: stride)
    }
    @inline(__always) func adding(_ other: Self) -> Self {
        var sum = self
        sum.row = row.adding(other.row)
        return sum
    }
}

/// Two grids as one: the top's rows come first.
struct Stack<Top: AccumulatorRows, Bottom: AccumulatorRows>: AccumulatorRows where Top.Row == Bottom.Row {
    typealias Row = Top.Row
    var top: Top
    var bottom: Bottom

    static var count: Int { @inline(__always) get { Top.count + Bottom.count } }
    @inline(__always) init(repeating value: Row.Vector) {
        top = Top(repeating: value)
        bottom = Bottom(repeating: value)
    }
    @inline(__always) init(loading source: Input, stride: Int, rowStride: Int) {
        top = Top(loading: source, stride: stride, rowStride: rowStride)
        bottom = Bottom(loading: source + Top.count * rowStride, stride: stride, rowStride: rowStride)
    }
    @inline(__always) mutating func addProducts(_ factor: Row.Vector, broadcasting scalars: Input, stride: Int, rowStride: Int) {
        top.addProducts(factor, broadcasting: scalars, stride: stride, rowStride: rowStride)
        bottom.addProducts(factor, broadcasting: scalars + Top.count * rowStride, stride: stride, rowStride: rowStride)
    }
    @inline(__always) mutating func addProducts(_ factor: Row.Vector, loading vectors: Input, stride: Int, rowStride: Int) {
        top.addProducts(factor, loading: vectors, stride: stride, rowStride: rowStride)
        bottom.addProducts(factor, loading: vectors + Top.count * rowStride, stride: stride, rowStride: rowStride)
    }
    @inline(__always)
    mutating func addProducts(_ factors: Input, factorStride: Int, broadcasting scalars: Input, stride: Int, rowStride: Int) {
        top.addProducts(factors, factorStride: factorStride, broadcasting: scalars, stride: stride, rowStride: rowStride)
        bottom.addProducts(
            factors + Top.count * factorStride, factorStride: factorStride, broadcasting: scalars + Top.count * rowStride, stride: stride,
            rowStride: rowStride)
    }
    @inline(__always) mutating func addOuterProducts(_ factors: Input, rowStride: Int, _ vectors: Input, stride: Int) {
        top.addOuterProducts(factors, rowStride: rowStride, vectors, stride: stride)
        bottom.addOuterProducts(factors + Top.count * rowStride, rowStride: rowStride, vectors, stride: stride)
    }
    @inline(__always) func addProducts(_ factor: Row.Vector, to target: Output, stride: Int, rowStride: Int) {
        top.addProducts(factor, to: target, stride: stride, rowStride: rowStride)
        bottom.addProducts(factor, to: target + Top.count * rowStride, stride: stride, rowStride: rowStride)
    }
    @inline(__always) func store(to target: Output, stride: Int, rowStride: Int) {
        top.store(to: target, stride: stride, rowStride: rowStride)
        bottom.store(to: target + Top.count * rowStride, stride: stride, rowStride: rowStride)
    }
    @inline(__always) func storeGated(scale: Row.Vector, to target: Output, stride: Int, rowStride: Int) {
        top.storeGated(scale: scale, to: target, stride: stride, rowStride: rowStride)
        bottom.storeGated(scale: scale, to: target + Top.count * rowStride, stride: stride, rowStride: rowStride)
    }
    @inline(__always) func adding(_ other: Self) -> Self {
        var sum = self
        sum.top = top.adding(other.top)
        sum.bottom = bottom.adding(other.bottom)
        return sum
    }
}

typealias TwoRows<Row: Accumulators> = Stack<SingleRow<Row>, SingleRow<Row>>
typealias ThreeRows<Row: Accumulators> = Stack<TwoRows<Row>, SingleRow<Row>>
typealias FourRows<Row: Accumulators> = Stack<TwoRows<Row>, TwoRows<Row>>
typealias FiveRows<Row: Accumulators> = Stack<ThreeRows<Row>, TwoRows<Row>>
typealias SixRows<Row: Accumulators> = Stack<FourRows<Row>, TwoRows<Row>>
