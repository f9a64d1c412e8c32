#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// A regular file that is being read in chunks.
struct InputFile: ~Copyable {
    let path: String
    /// Its size in bytes when it was opened.
    let size: Int
    /// How many bytes were read from it, delivered or not.
    private(set) var position = 0
    private let descriptor: Int32
    private let chunk: UnsafeMutableRawBufferPointer
    /// What of the chunk is still to be delivered.
    private var pending = 0..<0

    /// Opens a file.
    ///
    /// - Throws: `DatasetError` where there is no such file, it is a directory or a device, or the system refuses.
    init(path: String) throws(DatasetError) {
        // Without O_NONBLOCK the opening of a named pipe would wait for its writer.
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else {
            throw DatasetError(errno == ENOENT ? .missing : .inaccessible, "Cannot open \(path): \(systemMessage()).")
        }
        var status = stat()
        guard fstat(descriptor, &status) == 0 else {
            let message = systemMessage()
            close(descriptor)
            throw DatasetError(.inaccessible, "Cannot examine \(path): \(message).")
        }
        guard status.st_mode & S_IFMT == S_IFREG else {
            close(descriptor)
            let found = status.st_mode & S_IFMT == S_IFDIR ? "a directory" : "neither a file nor a link to one"
            throw DatasetError(.malformed, "\(path) is \(found), where a data file was expected.")
        }
        self.path = path
        size = Int(status.st_size)
        self.descriptor = descriptor
        chunk = .allocate(byteCount: 1 << 18, alignment: 16)
    }

    /// The bytes that were read and not yet taken; valid until the next call.
    var unread: UnsafeRawBufferPointer {
        UnsafeRawBufferPointer(rebasing: chunk[pending])
    }

    /// Marks the first `count` unread bytes as taken.
    mutating func take(_ count: Int) {
        pending = pending.lowerBound + count..<pending.upperBound
    }

    /// Reads the next chunk once the last one is taken; returns whether there are unread bytes now.
    mutating func refill() throws(DatasetError) -> Bool {
        guard pending.isEmpty else { return true }
        var filled = 0
        while filled < chunk.count {
            let count = read(descriptor, chunk.baseAddress.map { $0 + filled }, chunk.count - filled)
            if count == 0 { break }
            if count > 0 {
                filled += count
            } else if errno != EINTR {
                throw DatasetError(.inaccessible, "Cannot read \(path): \(systemMessage()).")
            }
        }
        position += filled
        pending = 0..<filled
        return filled > 0
    }

    deinit {
        chunk.deallocate()
        close(descriptor)
    }
}

/// What the system says about an error, by default about the last call's.
func systemMessage(_ number: Int32 = errno) -> String {
    String(cString: strerror(number))
}
