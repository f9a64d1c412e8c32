/// Memory for numbers.
package final class Buffer<Element: BitwiseCopyable> {
    /// Where memory may begin, by the bytes that its address is a multiple of.
    package enum Alignment: Int {
        case cacheLine = 64
        case page = 4096
    }

    /// The first element.
    package private(set) var base: UnsafeMutablePointer<Element>
    package private(set) var count: Int
    /// Elements that there is memory for.
    private var capacity: Int
    private let alignment: Alignment

    /// Memory for `count` elements, each of them `value` at first.
    package convenience init(repeating value: Element, count: Int, alignment: Alignment = .cacheLine) {
        self.init(uninitializedCount: count, alignment: alignment)
        base.initialize(repeating: value, count: count)
    }

    /// Memory for `count` elements, all of which must be written before they are read.
    init(uninitializedCount count: Int, alignment: Alignment = .cacheLine) {
        (self.count, capacity, self.alignment) = (count, count, alignment)
        base = Self.allocate(count, alignment)
    }

    /// No memory yet.
    convenience init() { self.init(uninitializedCount: 0) }

    deinit { base.deallocate() }

    private static func allocate(_ count: Int, _ alignment: Alignment) -> UnsafeMutablePointer<Element> {
        UnsafeMutableRawPointer.allocate(byteCount: max(count, 1) * MemoryLayout<Element>.stride, alignment: alignment.rawValue)
            .bindMemory(to: Element.self, capacity: count)
    }

    /// Changes the number of elements. Memory that is large enough stays, and what stands in it; of larger memory each element is `value`.
    func resize(to count: Int, filling value: Element) {
        self.count = count
        if count <= capacity { return }
        base.deallocate()
        base = Self.allocate(count, alignment)
        base.initialize(repeating: value, count: count)
        capacity = count
    }
}

package typealias FloatBuffer = Buffer<Float>

extension FloatBuffer {
    /// Memory for `count` floats, zero at first.
    package convenience init(count: Int, alignment: Alignment = .cacheLine) { self.init(repeating: 0, count: count, alignment: alignment) }

    /// Changes the number of floats. Memory that is large enough stays, and what stands in it; larger memory is zero.
    func resize(to count: Int) { resize(to: count, filling: 0) }

    /// All numbers, valid until the buffer is resized or gone.
    package var numbers: UnsafeMutableBufferPointer<Float> { UnsafeMutableBufferPointer(start: base, count: count) }

    /// A copy of the numbers.
    var array: [Float] { Array(numbers) }
}
