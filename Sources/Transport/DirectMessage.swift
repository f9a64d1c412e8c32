package import TrainingProtocol

/// A message as it goes over a direct line: its small frames, and where in the shared memory the others are.
///
/// In 64-bit little-endian numbers: how many frames there are; the message's number if it is sent ahead, or else 0; and for each frame an entry of three. Then what travels inline, back to
/// back. Without frames it releases the message of that number.
///
/// | frame | first number | second | third | inline |
/// |---|---|---|---|---|
/// | inline | its bytes | 0 | 0 | the bytes |
/// | in a block | its bytes | the block | the ticket | - |
/// | rows of a table | number of rows | the table | 2⁶³ | the rows' numbers, 32 bits each, little-endian |
package struct DirectMessage {
    package var parts: [SharedFrames.Part]
    /// Names the message if it is sent ahead: it counts once it is released. 0 for one that counts at once.
    package var number: UInt64

    private static let numberSize = 8
    private static let headerSize = 2 * numberSize
    private static let entrySize = 3 * numberSize
    private static let rowNumberSize = MemoryLayout<UInt32>.size
    /// Stands in a ticket's place where the frame is rows of a table.
    private static let rowsMark: UInt64 = 1 << 63

    package init(_ parts: [SharedFrames.Part], number: UInt64 = 0) {
        self.parts = parts
        self.number = number
    }

    /// Writes the message to the end of `bytes`.
    package func append(to bytes: inout [UInt8]) {
        func put(_ numbers: UInt64...) {
            for number in numbers { withUnsafeBytes(of: number.littleEndian) { bytes += $0 } }
        }
        put(UInt64(parts.count), number)
        for part in parts {
            switch part {
            case .inline(let frame): put(UInt64(frame.count), 0, 0)
            case .shared(let block, let count, let ticket): put(UInt64(count), UInt64(block), ticket)
            case .rows(let numbers, let table): put(UInt64(numbers.count), UInt64(table), Self.rowsMark)
            }
        }
        for part in parts {
            switch part {
            case .inline(let frame): frame.withUnsafeBytes { bytes += $0 }
            case .shared: break
            case .rows(let numbers, _): numbers.withUnsafeBytes { bytes += $0 }
            }
        }
    }

    /// Reads a message; its inline frames are parts of `bytes`.
    ///
    /// - Returns: nil for what is none.
    package init?(_ bytes: Frame) {
        func number(at place: Int) -> UInt64 {
            bytes.withUnsafeBytes { UInt64(littleEndian: $0.loadUnaligned(fromByteOffset: place, as: UInt64.self)) }
        }
        guard bytes.count >= Self.headerSize, let count = Int(exactly: number(at: 0)), (0...mostFrames).contains(count) else {
            return nil
        }
        self.init([], number: number(at: Self.numberSize))
        let entries = stride(from: Self.headerSize, to: Self.headerSize + count * Self.entrySize, by: Self.entrySize)
        var end = Self.headerSize + count * Self.entrySize
        guard bytes.count >= end, count > 0 || self.number > 0 else { return nil }
        /// What follows inline, if there is so much.
        func inline(_ count: Int) -> Frame? {
            guard count <= bytes.count - end else { return nil }
            defer { end += count }
            return bytes.part(end..<end + count)
        }
        for entry in entries {
            guard let count = Int(exactly: number(at: entry)), let place = Int(exactly: number(at: entry + Self.numberSize)) else {
                return nil
            }
            switch number(at: entry + 2 * Self.numberSize) {
            case 0:
                guard place == 0, let frame = inline(count) else { return nil }
                parts.append(.inline(frame))
            case Self.rowsMark:
                guard count <= bytes.count / Self.rowNumberSize, let numbers = inline(count * Self.rowNumberSize) else { return nil }
                parts.append(.rows(numbers.unsignedIntegers(), table: place))
            case let ticket where ticket < Self.rowsMark: parts.append(.shared(block: place, count: count, ticket: ticket))
            default: return nil
            }
        }
        if end != bytes.count { return nil }
    }
}
