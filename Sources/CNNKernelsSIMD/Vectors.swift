import CNNKernels
import CVectors

/// What sums of multiples can be made of.
protocol Summands {
    /// The sum, number by number.
    func adding(_ other: Self) -> Self
    /// The difference, number by number.
    func subtracting(_ other: Self) -> Self
    /// `factor ·` each number.
    func scaled(by factor: Float) -> Self
    /// The sum with `factor · other`, number by number, rounded once.
    func addingProduct(_ factor: Float, _ other: Self) -> Self
}

/// A vector of single-precision lanes that a kernel computes with.
///
/// Lanes meet in fixed trees only, so the compiler may lower 16 lanes to 1x16, 2x8 or 4x4 registers: the bits stay.
/// What compares lanes is a requirement, with an implementation for each type: in generic code the standard library's comparisons are loops over the lanes.
/// So are its multiply-adds. Where a long sum is added up in registers, by `addProduct`, the compiler makes better code of these loops than of whole vectors; elsewhere it makes halves of
/// vectors of some, so `addingProduct` is a requirement too.
protocol Lanes: SIMD, Summands where Scalar == Float {
    /// The sum with `factor · other`, lane by lane, rounded once.
    func addingProduct(_ factor: Self, _ other: Self) -> Self
    /// The lanes above 0, and NaN; 0 in place of the others.
    func rectified() -> Self
    /// The lanes where `gate` is above 0; 0 in place of the others.
    func gated(by gate: Self) -> Self
    /// The product, lane by lane.
    func multiplied(by other: Self) -> Self
}

extension SIMD8<Float>: Summands, Lanes {
    @inline(__always) func addingProduct(_ factor: Self, _ other: Self) -> Self { vector_multiply_add_8(factor, other, self) }
    @inline(__always) func addingProduct(_ factor: Float, _ other: Self) -> Self { addingProduct(Self(repeating: factor), other) }
    @inline(__always) func rectified() -> Self { replacing(with: Self(), where: self .<= Self()) }
    @inline(__always) func gated(by gate: Self) -> Self { Self().replacing(with: self, where: gate .> Self()) }
    @inline(__always) func adding(_ other: Self) -> Self { self + other }
    @inline(__always) func subtracting(_ other: Self) -> Self { self - other }
    @inline(__always) func multiplied(by other: Self) -> Self { self * other }
    @inline(__always) func scaled(by factor: Float) -> Self { self * factor }
}

extension SIMD16<Float>: Summands, Lanes {
    @inline(__always) func addingProduct(_ factor: Self, _ other: Self) -> Self { vector_multiply_add_16(factor, other, self) }
    @inline(__always) func addingProduct(_ factor: Float, _ other: Self) -> Self { addingProduct(Self(repeating: factor), other) }
    @inline(__always) func rectified() -> Self { vector_rectify_16(self) }
    @inline(__always) func gated(by gate: Self) -> Self { Self().replacing(with: self, where: gate .> Self()) }
    @inline(__always) func adding(_ other: Self) -> Self { self + other }
    @inline(__always) func subtracting(_ other: Self) -> Self { self - other }
    @inline(__always) func multiplied(by other: Self) -> Self { self * other }
    @inline(__always) func scaled(by factor: Float) -> Self { self * factor }
}

extension Lanes {
    @inline(__always) static func load(_ source: Input) -> Self { UnsafeRawPointer(source).loadUnaligned(as: Self.self) }
    @inline(__always) static func load(_ source: Output) -> Self { UnsafeRawPointer(source).loadUnaligned(as: Self.self) }
    @inline(__always) func store(to target: Output) { UnsafeMutableRawPointer(target).storeBytes(of: self, as: Self.self) }
}

/// Calls `body` with memory for `count` floats that begins on a cache line: a vector across two lines takes twice as long.
@inline(__always)
func withScratch(count: Int, _ body: (Output) -> Void) {
    // On the stack if it is small, but only of the alignment that a stack has.
    let (line, stack) = (64, 16)
    withUnsafeTemporaryAllocation(byteCount: count * MemoryLayout<Float>.stride + line - stack, alignment: stack) { memory in
        body(memory.baseAddress!.alignedUp(toMultipleOf: line).bindMemory(to: Float.self, capacity: count))
    }
}

extension SIMD8 {
    /// The elements of `even` and `odd` in turn.
    @inline(__always) init(even: SIMD4<Scalar>, odd: SIMD4<Scalar>) {
        self.init()
        evenHalf = even
        oddHalf = odd
    }
}

/// A group of vector accumulators that stay in registers.
///
/// Groups are built by joining smaller ones, so that each accumulator is a stored property: an array's elements would live in memory.
protocol Accumulators: Summands {
    associatedtype Vector: Lanes
    /// Number of accumulators.
    static var count: Int { get }
    init(repeating value: Vector)
    /// Accumulator `i` starts as the vector at `source + i · stride`.
    init(loading source: Input, stride: Int)
    /// Adds `factor · scalars[i · stride]` to accumulator `i`.
    mutating func addProducts(_ factor: Vector, broadcasting scalars: Input, stride: Int)
    /// Adds `factor ·` the vector at `vectors + i · stride` to accumulator `i`.
    mutating func addProducts(_ factor: Vector, loading vectors: Input, stride: Int)
    /// Adds `factor ·` accumulator `i` to the vector at `target + i · stride`.
    func addProducts(_ factor: Vector, to target: Output, stride: Int)
    /// Calls `body` with each accumulator and its number.
    mutating func update(_ body: (Int, inout Vector) -> Void)
    /// Stores accumulator `i` at `target + i · stride`.
    func store(to target: Output, stride: Int)
    /// Stores ReLU of accumulator `i` at `target + i · stride`.
    func storeRectified(to target: Output, stride: Int)
    /// Stores `scale ·` accumulator `i` at `target + i · stride` in the lanes where the vector that is there is above 0, and 0 in the others.
    func storeGated(scale: Vector, to target: Output, stride: Int)
}

/// One accumulator.
struct Single<Vector: Lanes>: Accumulators {
    var value: Vector

    static var count: Int { @inline(__always) get { 1 } }
    @inline(__always) init(repeating value: Vector) { self.value = value }
    @inline(__always) init(loading source: Input, stride: Int) { value = Vector.load(source) }
    @inline(__always) mutating func addProducts(_ factor: Vector, broadcasting scalars: Input, stride: Int) {
        value.addProduct(factor, Vector(repeating: scalars[0]))
    }
    @inline(__always) mutating func addProducts(_ factor: Vector, loading vectors: Input, stride: Int) {
        value.addProduct(factor, Vector.load(vectors))
    }
    @inline(__always) func addProducts(_ factor: Vector, to target: Output, stride: Int) {
        Vector.load(target).addingProduct(factor, value).store(to: target)
    }
    @inline(__always) mutating func update(_ body: (Int, inout Vector) -> Void) { body(0, &value) }
    @inline(__always) func store(to target: Output, stride: Int) { value.store(to: target) }
    @inline(__always) func storeRectified(to target: Output, stride: Int) { value.rectified().store(to: target) }
    @inline(__always) func storeGated(scale: Vector, to target: Output, stride: Int) {
        value.multiplied(by: scale).gated(by: Vector.load(target)).store(to: target)
    }
    @inline(__always) func adding(_ other: Self) -> Self { Self(repeating: value.adding(other.value)) }
    @inline(__always) func subtracting(_ other: Self) -> Self { Self(repeating: value.subtracting(other.value)) }
    @inline(__always) func scaled(by factor: Float) -> Self { Self(repeating: value.scaled(by: factor)) }
    @inline(__always) func addingProduct(_ factor: Float, _ other: Self) -> Self {
        Self(repeating: value.addingProduct(factor, other.value))
    }
}

/// Two groups as one: the head's accumulators come first.
struct Join<Head: Accumulators, Tail: Accumulators>: Accumulators where Head.Vector == Tail.Vector {
    typealias Vector = Head.Vector
    var head: Head
    var tail: Tail

    @inline(__always) private init(_ head: Head, _ tail: Tail) {
        self.head = head
        self.tail = tail
    }
    static var count: Int { @inline(__always) get { Head.count + Tail.count } }
    @inline(__always) init(repeating value: Vector) {
        head = Head(repeating: value)
        tail = Tail(repeating: value)
    }
    @inline(__always) init(loading source: Input, stride: Int) {
        head = Head(loading: source, stride: stride)
        tail = Tail(loading: source + Head.count * stride, stride: stride)
    }
    @inline(__always) mutating func addProducts(_ factor: Vector, broadcasting scalars: Input, stride: Int) {
        head.addProducts(factor, broadcasting: scalars, stride: stride)
        tail.addProducts(factor, broadcasting: scalars + Head.count * stride, stride: stride)
    }
    @inline(__always) mutating func addProducts(_ factor: Vector, loading vectors: Input, stride: Int) {
        head.addProducts(factor, loading: vectors, stride: stride)
        tail.addProducts(factor, loading: vectors + Head.count * stride, stride: stride)
    }
    @inline(__always) func addProducts(_ factor: Vector, to target: Output, stride: Int) {
        head.addProducts(factor, to: target, stride: stride)
        tail.addProducts(factor, to: target + Head.count * stride, stride: stride)
    }
    @inline(__always) mutating func update(_ body: (Int, inout Vector) -> Void) {
        head.update(body)
        tail.update { body(Head.count + $0, &$1) }
    }
    @inline(__always) func store(to target: Output, stride: Int) {
        head.store(to: target, stride: stride)
        tail.store(to: target + Head.count * stride, stride: stride)
    }
    @inline(__always) func storeRectified(to target: Output, stride: Int) {
        head.storeRectified(to: target, stride: stride)
        tail.storeRectified(to: target + Head.count * stride, stride: stride)
    }
    @inline(__always) func storeGated(scale: Vector, to target: Output, stride: Int) {
        head.storeGated(scale: scale, to: target, stride: stride)
        tail.storeGated(scale: scale, to: target + Head.count * stride, stride: stride)
    }
    @inline(__always) func adding(_ other: Self) -> Self { Self(head.adding(other.head), tail.adding(other.tail)) }
    @inline(__always) func subtracting(_ other: Self) -> Self {
        Self(head.subtracting(other.head), tail.subtracting(other.tail))
    }
    @inline(__always) func scaled(by factor: Float) -> Self { Self(head.scaled(by: factor), tail.scaled(by: factor)) }
    @inline(__always) func addingProduct(_ factor: Float, _ other: Self) -> Self {
        Self(head.addingProduct(factor, other.head), tail.addingProduct(factor, other.tail))
    }
}

typealias Two<Vector: Lanes> = Join<Single<Vector>, Single<Vector>>
typealias Three<Vector: Lanes> = Join<Two<Vector>, Single<Vector>>
typealias Four<Vector: Lanes> = Join<Two<Vector>, Two<Vector>>
typealias Five<Vector: Lanes> = Join<Four<Vector>, Single<Vector>>
typealias Seven<Vector: Lanes> = Join<Four<Vector>, Three<Vector>>
typealias Eight<Vector: Lanes> = Join<Four<Vector>, Four<Vector>>
typealias Fourteen<Vector: Lanes> = Join<Eight<Vector>, Join<Four<Vector>, Two<Vector>>>
