/// Memory for numbers, which begins on a cache line, or on a page if asked for.
package final class Buffer<Element: BitwiseCopyable> {
    /// The first element.
    package let base: UnsafeMutablePointer<Element>
    package let count: Int

    /// Memory for `count` elements, each of them `value` at first.
    package convenience init(repeating value: Element, count: Int, alignment: Int = 64) {
        self.init(uninitializedCount: count, alignment: alignment)
        base.initialize(repeating: value, count: count)
    }

    /// Memory for `count` elements, all of which must be written before they are read.
    init(uninitializedCount count: Int, alignment: Int = 64) {
        self.count = count
        base = UnsafeMutableRawPointer.allocate(byteCount: max(count, 1) * MemoryLayout<Element>.stride, alignment: alignment)
            .bindMemory(to: Element.self, capacity: count)
    }

    deinit { base.deallocate() }
}

package typealias FloatBuffer = Buffer<Float>

extension FloatBuffer {
    /// Memory for `count` floats, zero at first.
    package convenience init(count: Int) { self.init(repeating: 0, count: count) }

    /// All numbers, valid as long as the buffer.
    package var numbers: UnsafeMutableBufferPointer<Float> { UnsafeMutableBufferPointer(start: base, count: count) }

    /// A copy of the numbers.
    var array: [Float] { Array(numbers) }
}
