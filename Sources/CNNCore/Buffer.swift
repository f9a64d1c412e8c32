/// Memory for numbers, aligned to a cache line.
package final class Buffer<Element: BitwiseCopyable> {
    /// The first element.
    package let base: UnsafeMutablePointer<Element>
    package let count: Int

    /// Memory for `count` elements, each of them `value` at first.
    package convenience init(repeating value: Element, count: Int) {
        self.init(uninitializedCount: count)
        base.initialize(repeating: value, count: count)
    }

    /// Memory for `count` elements, all of which must be written before they are read.
    init(uninitializedCount count: Int) {
        self.count = count
        base = UnsafeMutableRawPointer.allocate(byteCount: max(count, 1) * MemoryLayout<Element>.stride, alignment: 64)
            .bindMemory(to: Element.self, capacity: count)
    }

    deinit { base.deallocate() }
}

package typealias FloatBuffer = Buffer<Float>

extension FloatBuffer {
    /// Memory for `count` floats, zero at first.
    package convenience init(count: Int) { self.init(repeating: 0, count: count) }
}
