package import TrainingProtocol

/// A message as it goes over a direct line: one datagram that holds its small frames, and says where in the shared memory the others are.
///
/// In 64-bit little-endian numbers: how many frames there are, and for each an entry of three. Then what travels inline, back to back.
///
/// | frame | first number | second | third | inline |
/// |---|---|---|---|---|
/// | inline | its bytes | 0 | 0 | the bytes |
/// | in a block | its bytes | the block | the ticket | - |
/// | rows of a table | number of rows | the table | 2⁶³ | the rows' numbers, 32 bits each, little-endian |
package enum DirectMessage {
    private static let numberSize = 8
    private static let entrySize = 3 * numberSize
    private static let rowNumberSize = MemoryLayout<UInt32>.size
    /// Stands in a ticket's place where the frame is rows of a table.
    private static let rowsMark: UInt64 = 1 << 63

    /// Writes a message to the end of `bytes`.
    package static func append(_ parts: [SharedFrames.Part], to bytes: inout [UInt8]) {
        func put(_ numbers: UInt64...) {
            for number in numbers { withUnsafeBytes(of: number.littleEndian) { bytes += $0 } }
        }
        put(UInt64(parts.count))
        for part in parts {
            switch part {
            case .inline(let frame): put(UInt64(frame.count), 0, 0)
            case .shared(let block, let count, let ticket): put(UInt64(count), UInt64(block), ticket)
            case .rows(let numbers, let table): put(UInt64(numbers.count), UInt64(table), rowsMark)
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

    /// Reads a message; its inline frames are parts of `datagram`.
    ///
    /// - Returns: nil for what is none.
    package static func parts(of datagram: Frame) -> [SharedFrames.Part]? {
        func number(at place: Int) -> UInt64 {
            datagram.withUnsafeBytes { UInt64(littleEndian: $0.loadUnaligned(fromByteOffset: place, as: UInt64.self)) }
        }
        guard datagram.count >= numberSize, let count = Int(exactly: number(at: 0)), (1...mostFrames).contains(count) else { return nil }
        var end = numberSize + count * entrySize
        guard datagram.count >= end else { return nil }
        /// What follows inline, if there is so much.
        func inline(_ count: Int) -> Frame? {
            guard count <= datagram.count - end else { return nil }
            defer { end += count }
            return datagram.part(end..<end + count)
        }
        var parts: [SharedFrames.Part] = []
        for entry in stride(from: numberSize, to: numberSize + count * entrySize, by: entrySize) {
            guard let count = Int(exactly: number(at: entry)), let place = Int(exactly: number(at: entry + numberSize)) else { return nil }
            switch number(at: entry + 2 * numberSize) {
            case 0:
                guard place == 0, let frame = inline(count) else { return nil }
                parts.append(.inline(frame))
            case rowsMark:
                guard count <= datagram.count / rowNumberSize, let numbers = inline(count * rowNumberSize) else { return nil }
                parts.append(.rows(numbers.unsignedIntegers(), table: place))
            case let ticket where ticket < rowsMark: parts.append(.shared(block: place, count: count, ticket: ticket))
            default: return nil
            }
        }
        return end == datagram.count ? parts : nil
    }
}
