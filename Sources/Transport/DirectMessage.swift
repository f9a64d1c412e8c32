package import TrainingProtocol

/// A message as it goes over a direct line: one datagram that holds its small frames, and says where in the shared memory the others are.
///
/// In 64-bit little-endian numbers: how many frames there are, and for each its length in bytes, its block and its ticket, both 0 for a frame that
/// travels inline. Then the inline frames, back to back.
package enum DirectMessage {
    private static let numberSize = 8
    private static let entrySize = 3 * numberSize

    /// Writes a message to the end of `bytes`.
    package static func append(_ parts: [SharedFrames.Part], to bytes: inout [UInt8]) {
        func put(_ number: UInt64) { withUnsafeBytes(of: number.littleEndian) { bytes += $0 } }
        put(UInt64(parts.count))
        for part in parts {
            switch part {
            case .inline(let frame):
                put(UInt64(frame.count))
                put(0)
                put(0)
            case .shared(let block, let count, let ticket):
                put(UInt64(count))
                put(UInt64(block))
                put(ticket)
            }
        }
        for case .inline(let frame) in parts { frame.withUnsafeBytes { bytes += $0 } }
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
        var parts: [SharedFrames.Part] = []
        for entry in stride(from: numberSize, to: end, by: entrySize) {
            guard let count = Int(exactly: number(at: entry)), let block = Int(exactly: number(at: entry + numberSize)) else { return nil }
            let ticket = number(at: entry + 2 * numberSize)
            guard ticket < 1 << 63 else { return nil }
            if ticket > 0 {
                parts.append(.shared(block: block, count: count, ticket: ticket))
            } else {
                guard block == 0, count <= datagram.count - end else { return nil }
                parts.append(.inline(datagram.part(end..<end + count)))
                end += count
            }
        }
        return end == datagram.count ? parts : nil
    }
}
