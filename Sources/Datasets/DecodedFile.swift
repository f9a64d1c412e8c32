import CZlib

/// A file's bytes in order, inflated where its content is gzip, whatever its name.
struct DecodedFile: ~Copyable {
    private var file: InputFile
    private let inflater: Inflater?
    /// Whether the gzip member read last has ended, its checksum right.
    private var memberEnded = false

    var path: String { file.path }

    /// What the file delivers, for messages.
    var unit: String { inflater == nil ? "bytes" : "decompressed bytes" }

    /// An upper bound on how many bytes the file delivers.
    var largestSize: Int {
        // Deflate's best is 258 bytes out of 2 bits.
        let (size, overflow) = file.size.multipliedReportingOverflow(by: inflater == nil ? 1 : 1032)
        return overflow ? .max : size
    }

    /// Opens a file and looks at its first two bytes.
    ///
    /// - Parameters:
    ///   - path: The file.
    ///   - inflating: Whether to inflate gzip data; otherwise the file's own bytes are delivered.
    /// - Throws: `DatasetError` where it cannot be read or is empty.
    init(path: String, inflating: Bool = true) throws(DatasetError) {
        var file = try InputFile(path: path)
        guard try file.refill() else {
            throw DatasetError(.malformed, "\(path) is empty, where a data file was expected.")
        }
        inflater = inflating && file.unread.starts(with: [0x1F, 0x8B]) ? Inflater() : nil
        self.file = file
    }

    /// Delivers the next bytes: as many as `target` holds, fewer only at the end of the data.
    ///
    /// - Throws: `DatasetError` where the file cannot be read or its gzip data are damaged.
    mutating func read(into target: UnsafeMutableRawBufferPointer) throws(DatasetError) -> Int {
        var filled = 0
        while filled < target.count {
            let rest = UnsafeMutableRawBufferPointer(rebasing: target[filled...])
            let available = try file.refill()
            if let inflater {
                guard available || !memberEnded else { break }
                filled += try inflate(with: inflater, into: rest)
            } else {
                guard available else { break }
                let count = min(rest.count, file.unread.count)
                rest.copyMemory(from: UnsafeRawBufferPointer(rebasing: file.unread[..<count]))
                file.take(count)
                filled += count
            }
        }
        return filled
    }

    /// Inflates unread bytes of the file into `target`; returns how many bytes came out.
    private mutating func inflate(with inflater: Inflater, into target: UnsafeMutableRawBufferPointer) throws(DatasetError) -> Int {
        let start = file.position - file.unread.count
        guard !file.unread.isEmpty else {
            throw DatasetError(
                .malformed, "\(path) ends at byte \(start), in the middle of its gzip data: it is truncated. Get the file anew.")
        }
        if memberEnded {
            // A gzip file may be several in a row.
            guard file.unread[0] == 0x1F else {
                throw DatasetError(
                    .malformed, "\(path) goes on after its gzip data, at byte \(start), with something else. Get the file anew.")
            }
            memberEnded = false
        }
        let step = inflater.inflate(file.unread, into: target)
        file.take(step.taken)
        switch step.outcome {
        case .more: break
        case .ended: memberEnded = true
        case .damaged(let message):
            throw DatasetError(
                .malformed, "\(path) has damaged gzip data, noticed at byte \(start + step.taken): \(message). Get the file anew.")
        }
        return step.delivered
    }
}

/// zlib's decoder for gzip data.
private final class Inflater {
    /// What became of a step.
    enum Outcome {
        case more
        /// The end of a gzip member, whose length and checksum are right.
        case ended
        case damaged(String)
    }

    /// At an address of its own, since zlib's state refers back to it.
    private let stream: UnsafeMutablePointer<z_stream>

    init() {
        stream = .allocate(capacity: 1)
        stream.initialize(to: z_stream())
        // 15 bits of window, and 16 for gzip's header and trailer.
        let status = inflateInit2_(stream, 15 + 16, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size))
        precondition(status == Z_OK, "zlib does not start: status \(status)")
    }

    /// Inflates some of `source` into `target`; neither is empty. Starts the next member after the end of one.
    func inflate(
        _ source: UnsafeRawBufferPointer, into target: UnsafeMutableRawBufferPointer
    ) -> (taken: Int, delivered: Int, outcome: Outcome) {
        let room = min(target.count, 1 << 30)
        stream.pointee.next_in = UnsafeMutablePointer(mutating: source.assumingMemoryBound(to: UInt8.self).baseAddress)
        stream.pointee.avail_in = UInt32(source.count)
        stream.pointee.next_out = target.assumingMemoryBound(to: UInt8.self).baseAddress
        stream.pointee.avail_out = UInt32(room)
        let status = CZlib.inflate(stream, Z_NO_FLUSH)
        let taken = source.count - Int(stream.pointee.avail_in)
        let delivered = room - Int(stream.pointee.avail_out)
        switch status {
        case Z_OK, Z_BUF_ERROR:
            return (taken, delivered, .more)
        case Z_STREAM_END:
            inflateReset(stream)
            return (taken, delivered, .ended)
        default:
            let message = stream.pointee.msg.map { String(cString: $0) } ?? "zlib status \(status)"
            return (taken, delivered, .damaged(message))
        }
    }

    deinit {
        inflateEnd(stream)
        stream.deallocate()
    }
}
