/// What a kernel left in memory.
package struct Written: Hashable, Sendable {
    /// The numbers' bits; all NaNs are alike, since which one an operation makes is not promised.
    package let bits: [UInt32]
    /// Whether nothing was written right before or right behind the memory that the kernel was given.
    package let isWithinBounds: Bool

    /// Runs a kernel.
    ///
    /// - Parameters:
    ///   - count: numbers that it is given room for.
    ///   - initially: what stands there before; halves when nil.
    init(_ count: Int, initially: [Float]? = nil, by kernel: (UnsafeMutablePointer<Float>) -> Void) {
        let fence = [Float](repeating: 31, count: 64)
        var values = fence + (initially ?? [Float](repeating: 0.5, count: count)) + fence
        values.withUnsafeMutableBufferPointer { kernel($0.baseAddress! + fence.count) }
        bits = values[fence.count..<fence.count + count].map { $0.isNaN ? 0x7FC0_0000 : $0.bitPattern }
        isWithinBounds = values.prefix(fence.count).elementsEqual(fence) && values.suffix(fence.count).elementsEqual(fence)
    }

    /// Numbers that stand in an array.
    init(_ values: [Float]) {
        self.init(values.count, initially: values) { _ in }
    }

    /// The numbers.
    package var values: [Float] { bits.map { Float(bitPattern: $0) } }
}
