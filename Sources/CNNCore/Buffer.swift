/// Memory for numbers.
package final class Buffer<Element: BitwiseCopyable> {
    /// Where memory may begin, by the bytes that its address is a multiple of.
    package enum Alignment: Int {
        case cacheLine = 64
        case page = 4096
    }

    /// The first element.
    package let base: UnsafeMutablePointer<Element>
    package let count: Int

    /// Memory for `count` elements, each of them `value` at first.
    package convenience init(repeating value: Element, count: Int, alignment: Alignment = .cacheLine) {
        self.init(uninitializedCount: count, alignment: alignment)
        base.initialize(repeating: value, count: count)
    }

    /// Memory for `count` elements, all of which must be written before they are read.
    init(uninitializedCount count: Int, alignment: Alignment = .cacheLine) {
        self.count = count
        base = UnsafeMutableRawPointer.allocate(byteCount: max(count, 1) * MemoryLayout<Element>.stride, alignment: alignment.rawValue)
            .bindMemory(to: Element.self, capacity: count)
    }

    deinit { base.deallocate() }
}

package typealias FloatBuffer = Buffer<Float>

extension FloatBuffer {
    /// Memory for `count` floats, zero at first.
    package convenience init(count: Int, alignment: Alignment = .cacheLine) { self.init(repeating: 0, count: count, alignment: alignment) }

    /// All numbers, valid as long as the buffer.
    package var numbers: UnsafeMutableBufferPointer<Float> { UnsafeMutableBufferPointer(start: base, count: count) }

    /// A copy of the numbers.
    var array: [Float] { Array(numbers) }
}
