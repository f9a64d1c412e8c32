/// Parameters or gradients, flat, channels-last (`SmallCNN.channelsLast`): numbers that nobody changes any more, kept alive by their owner.
///
/// Copies of the value share the numbers, which may stand in memory that another process has filled.
package struct FloatVector: @unchecked Sendable {
    /// What keeps the numbers alive.
    package let owner: AnyObject
    /// Valid as long as `owner` lives.
    let numbers: UnsafeBufferPointer<Float>

    package var count: Int { numbers.count }

    /// A vector over numbers that belong to another object, which must neither move nor change them while it lives.
    package init(owner: AnyObject, numbers: UnsafeBufferPointer<Float>) {
        self.owner = owner
        self.numbers = numbers
    }

    /// A vector of `count` numbers, all of which `fill` must write.
    package init(count: Int, fill: (UnsafeMutableBufferPointer<Float>) -> Void) {
        let buffer = FloatBuffer(uninitializedCount: count)
        fill(buffer.numbers)
        self.init(owner: buffer, numbers: UnsafeBufferPointer(buffer.numbers))
    }

    /// A copy of some numbers.
    package init(copying numbers: UnsafeBufferPointer<Float>) {
        self.init(count: numbers.count) { _ = $0.initialize(from: numbers) }
    }

    /// A copy of an array's numbers.
    package init(_ numbers: [Float]) {
        self = numbers.withUnsafeBufferPointer { FloatVector(copying: $0) }
    }

    /// Lends the numbers to `body`; the pointer must not outlive the call.
    package func withUnsafeBufferPointer<Result, Failure: Error>(
        _ body: (UnsafeBufferPointer<Float>) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        defer { withExtendedLifetime(owner) {} }
        return try body(numbers)
    }

    /// A copy of the numbers.
    package var array: [Float] { withUnsafeBufferPointer { Array($0) } }

    /// Whether none of them is infinite or not a number.
    package var isFinite: Bool {
        withUnsafeBufferPointer { numbers in
            // All bits of the exponent are set in infinities and NaNs only; without a branch an element the loop runs in SIMD registers.
            var found: UInt32 = 0
            for number in numbers { found |= number.bitPattern & 0x7F80_0000 == 0x7F80_0000 ? 1 : 0 }
            return found == 0
        }
    }
}
