// Protobuf's wire format, as far as the headers of WORK and RESULT need it, of which each step has some: the library takes 3 to 7 us for each. Fields have numbers up to 15, so that a
// tag is one byte. Source: protobuf.dev, "Encoding".

/// Writes a message's fields, in the order of their numbers, and none that has its default, as the library does.
struct SimpleFieldsWriter {
    private(set) var bytes: [UInt8] = []

    mutating func varint(_ field: UInt8, _ value: UInt64) {
        if value == 0 { return }
        bytes.append(field << 3)
        append(value)
    }

    mutating func fixed64(_ field: UInt8, _ value: UInt64) {
        if value == 0 { return }
        bytes.append(field << 3 | 1)
        withUnsafeBytes(of: value.littleEndian) { bytes += $0 }
    }

    mutating func fixed32(_ field: UInt8, _ value: UInt32) {
        if value == 0 { return }
        bytes.append(field << 3 | 5)
        withUnsafeBytes(of: value.littleEndian) { bytes += $0 }
    }

    /// A message within the message; it is there even if it has no fields.
    mutating func message(_ field: UInt8, _ message: SimpleFieldsWriter) {
        bytes.append(field << 3 | 2)
        append(UInt64(message.bytes.count))
        bytes += message.bytes
    }

    private mutating func append(_ value: UInt64) {
        var rest = value
        while rest > 0x7F {
            bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
            rest >>= 7
        }
        bytes.append(UInt8(truncatingIfNeeded: rest))
    }
}

/// Reads a message's fields in the order of their numbers, as writers write them. What is written otherwise, which the format allows, is left to the library.
struct SimpleFieldsReader {
    private let bytes: UnsafeRawBufferPointer
    private var position = 0
    /// Whether nothing was found so far that is for the library.
    private var isSimple = true

    /// - Parameter bytes: They must outlive the reader.
    init(_ bytes: UnsafeRawBufferPointer) { self.bytes = bytes }

    /// Whether all was read, and nothing was found that is for the library.
    var isComplete: Bool { isSimple && position == bytes.count }

    /// A number; 0 where the field is not there.
    mutating func varint(_ field: UInt8) -> UInt64 { take(field << 3) ? number() : 0 }

    /// A number of 32 bits; 0 where the field is not there.
    mutating func varint32(_ field: UInt8) -> UInt32 {
        let value = varint(field)
        if value > UInt64(UInt32.max) { isSimple = false }
        return UInt32(truncatingIfNeeded: value)
    }

    /// 64 bits; 0 where the field is not there.
    mutating func fixed64(_ field: UInt8) -> UInt64 { take(field << 3 | 1) ? UInt64(littleEndian: load()) : 0 }

    /// 32 bits; 0 where the field is not there.
    mutating func fixed32(_ field: UInt8) -> UInt32 { take(field << 3 | 5) ? UInt32(littleEndian: load()) : 0 }

    /// A message within the message; nil where it is not there.
    mutating func message(_ field: UInt8) -> SimpleFieldsReader? {
        guard take(field << 3 | 2) else { return nil }
        let length = number()
        guard isSimple, length <= UInt64(bytes.count - position) else {
            isSimple = false
            return nil
        }
        defer { position += Int(length) }
        return SimpleFieldsReader(UnsafeRawBufferPointer(rebasing: bytes[position..<position + Int(length)]))
    }

    /// Takes a tag if it comes next.
    private mutating func take(_ tag: UInt8) -> Bool {
        guard position < bytes.count, bytes[position] == tag else { return false }
        position += 1
        return true
    }

    private mutating func number() -> UInt64 {
        var value: UInt64 = 0
        for shift in stride(from: UInt64(0), through: 63, by: 7) {
            guard position < bytes.count else { break }
            let byte = bytes[position]
            position += 1
            // The tenth byte has the last bit.
            if shift == 63, byte > 1 { break }
            value |= UInt64(byte & 0x7F) << shift
            if byte < 0x80 { return value }
        }
        isSimple = false
        return 0
    }

    private mutating func load<Number: FixedWidthInteger & BitwiseCopyable>() -> Number {
        guard bytes.count - position >= MemoryLayout<Number>.size else {
            isSimple = false
            return 0
        }
        defer { position += MemoryLayout<Number>.size }
        return bytes.loadUnaligned(fromByteOffset: position, as: Number.self)
    }
}
