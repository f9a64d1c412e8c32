package import CNNCore

/// One frame of a message: bytes that nobody changes any more, kept alive by their owner.
///
/// A frame made here stands in memory of its own, 64-byte aligned; a received one stands wherever the transport has put it, at any alignment. A frame of rows
/// of a table is put together when its bytes are asked for.
package struct Frame: @unchecked Sendable {
    /// What keeps the bytes alive.
    package let owner: AnyObject
    /// Address of the first byte, valid as long as `owner` lives; nil only for an empty frame, and for one of rows.
    private let base: UnsafeRawPointer?
    /// Length in bytes.
    package let count: Int
    /// The rows that make up the frame, if it is one of rows.
    package let rows: TableRows?

    /// A frame over bytes that belong to another object, which must neither move nor change them while it lives.
    package init(owner: AnyObject, bytes: UnsafeRawBufferPointer) {
        self.owner = owner
        self.base = bytes.baseAddress
        self.count = bytes.count
        rows = nil
    }

    /// A frame of a table's rows, one after the other.
    package init(_ rows: TableRows) {
        owner = rows.table
        base = nil
        count = rows.byteCount
        self.rows = rows
    }

    /// A frame of `byteCount` bytes, all of which `fill` must write.
    package init<Failure: Error>(byteCount: Int, fill: (UnsafeMutableRawBufferPointer) throws(Failure) -> Void) throws(Failure) {
        let draft = FrameDraft(byteCount: byteCount)
        try fill(draft.bytes)
        self = draft.frame
    }

    /// A frame with a copy of some bytes.
    package init(copying bytes: UnsafeRawBufferPointer) {
        self.init(byteCount: bytes.count) { $0.copyMemory(from: bytes) }
    }

    /// A frame with a copy of some bytes.
    package init(bytes: [UInt8]) {
        self = bytes.withUnsafeBytes { Frame(copying: $0) }
    }

    /// A frame with numbers as the protocol has them: 32-bit floats, little-endian.
    package init(floats: [Float]) {
        self = floats.withUnsafeBytes { Frame(copying: $0) }
    }

    /// A frame over a vector's numbers, where they are.
    package init(_ vector: FloatVector) {
        self = vector.withUnsafeBufferPointer { Frame(owner: vector.owner, bytes: UnsafeRawBufferPointer($0)) }
    }

    /// Lends the bytes to `body`; the pointer must not outlive the call.
    package func withUnsafeBytes<Result, Failure: Error>(
        _ body: (UnsafeRawBufferPointer) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        if let rows { return try rows.gathered().withUnsafeBytes(body) }
        defer { withExtendedLifetime(owner) {} }
        return try body(UnsafeRawBufferPointer(start: base, count: count))
    }

    /// The same bytes in one place: this frame itself if they are there already.
    package var contiguous: Frame { rows?.gathered() ?? self }

    /// Some of the bytes, where they are.
    package func part(_ range: Range<Int>) -> Frame {
        precondition(range.lowerBound >= 0 && range.upperBound <= count, "\(range) of \(count) bytes")
        let whole = contiguous
        return whole.withUnsafeBytes { Frame(owner: whole.owner, bytes: UnsafeRawBufferPointer(rebasing: $0[range])) }
    }

    /// The same bytes at an address that is a multiple of `alignment`, a power of two up to 64: this frame itself if it is there already, else a copy.
    package func aligned(to alignment: Int) -> Frame {
        if rows != nil { return contiguous.aligned(to: alignment) }
        guard let base, Int(bitPattern: base) & (alignment - 1) != 0 else { return self }
        return withUnsafeBytes { Frame(copying: $0) }
    }

    /// The frame as 32-bit floats; bytes beyond a multiple of 4 are left out.
    package func floats() -> [Float] { copy(of: Float.self) }

    /// The frame as 32-bit floats, where they are if that can be; bytes beyond a multiple of 4 are left out.
    package func vector() -> FloatVector {
        let whole = part(0..<count / MemoryLayout<Float>.size * MemoryLayout<Float>.size).aligned(to: MemoryLayout<Float>.alignment)
        return whole.withUnsafeBytes { FloatVector(owner: whole.owner, numbers: $0.bindMemory(to: Float.self)) }
    }

    /// The frame as unsigned 32-bit integers; bytes beyond a multiple of 4 are left out.
    package func unsignedIntegers() -> [UInt32] { copy(of: UInt32.self) }

    private func copy<Element: BitwiseCopyable>(of type: Element.Type) -> [Element] {
        let length = count / MemoryLayout<Element>.size
        return [Element](unsafeUninitializedCapacity: length) { buffer, initialised in
            withUnsafeBytes { bytes in
                let used = length * MemoryLayout<Element>.size
                UnsafeMutableRawBufferPointer(buffer).copyMemory(from: UnsafeRawBufferPointer(rebasing: bytes[..<used]))
            }
            initialised = length
        }
    }

    package func bytes() -> [UInt8] { withUnsafeBytes { [UInt8]($0) } }

    /// Whether another frame has the same bytes.
    package func hasBytes(of other: Frame) -> Bool {
        withUnsafeBytes { bytes in
            other.withUnsafeBytes { others in
                // Word by word, which the compiler makes vectors of; the rest of up to seven bytes by itself.
                guard bytes.count == others.count else { return false }
                var difference: UInt64 = 0
                let words = bytes.count / 8
                for word in 0..<words {
                    difference |=
                        bytes.loadUnaligned(fromByteOffset: word * 8, as: UInt64.self)
                        ^ others.loadUnaligned(fromByteOffset: word * 8, as: UInt64.self)
                }
                for byte in words * 8..<bytes.count where bytes[byte] != others[byte] { return false }
                return difference == 0
            }
        }
    }
}

#if _endian(big)
    #error("Tensor frames are little-endian, and this code copies them as they stand in memory.")
#endif
