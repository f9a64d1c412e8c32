import CSharedMemory

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// Memory that processes of one machine see.
package final class SharedRegion: @unchecked Sendable {
    /// What a process may do with it.
    package enum Access {
        case reading, readingAndWriting
    }

    package let bytes: UnsafeMutableRawBufferPointer

    /// Makes memory that has no name, so that nothing is left behind however the processes end. It is filled with zeros.
    ///
    /// - Parameters:
    ///   - byteCount: more than 0.
    ///   - contents: what stands in it from the beginning, and where; one after the other.
    ///   - share: Called with a file descriptor by which another process can have the memory too; it is closed afterwards.
    /// - Throws: ``SharedMemoryError`` where the system has no memory left, or none that can be shared so.
    package init(
        byteCount: Int, contents: [(offset: Int, bytes: [UInt8])] = [], share: (Int32) -> Void
    ) throws(SharedMemoryError) {
        let end = contents.last.map { $0.offset + $0.bytes.count } ?? 0
        precondition((0..<byteCount).contains(end), "contents up to \(end) in \(byteCount) bytes")
        let descriptor = shared_memory_create(byteCount, end)
        guard descriptor >= 0 else { throw SharedMemoryError("making") }
        defer { close(descriptor) }
        bytes = try Self.map(descriptor, byteCount, .readingAndWriting)
        for content in contents {
            #if os(Linux)
                // Half the time of a copy, which stops at every page; and a lack of memory shows here, not as a signal.
                guard Self.write(content.bytes, to: descriptor, at: content.offset) else { throw SharedMemoryError("filling") }
            #else
                UnsafeMutableRawBufferPointer(rebasing: bytes[content.offset...]).copyBytes(from: content.bytes)
            #endif
        }
        share(descriptor)
    }

    #if os(Linux)
        /// - Returns: Whether all of it was written.
        static func write(_ bytes: [UInt8], to descriptor: Int32, at offset: Int) -> Bool {
            bytes.withUnsafeBytes { bytes in
                var written = 0
                while written < bytes.count {
                    let count = pwrite(descriptor, bytes.baseAddress! + written, bytes.count - written, offset + written)
                    if count > 0 { written += count } else if count == 0 || errno != EINTR { return false }
                }
                return true
            }
        }
    #endif

    /// Opens memory that another process has made.
    ///
    /// - Parameter descriptor: the memory as its maker has shared it; not closed here.
    /// - Throws: ``SharedMemoryError`` where it is no memory of that size.
    package init(sharedAs descriptor: Int32, byteCount: Int, access: Access) throws(SharedMemoryError) {
        var status = stat()
        guard fstat(descriptor, &status) == 0, Int(status.st_size) == byteCount, byteCount > 0 else {
            errno = EINVAL
            throw SharedMemoryError("opening")
        }
        bytes = try Self.map(descriptor, byteCount, access)
    }

    deinit { munmap(bytes.baseAddress, bytes.count) }

    private static func map(
        _ descriptor: Int32, _ byteCount: Int, _ access: Access
    ) throws(SharedMemoryError) -> UnsafeMutableRawBufferPointer {
        let protection = access == .reading ? PROT_READ : PROT_READ | PROT_WRITE
        let memory = mmap(nil, byteCount, protection, MAP_SHARED, descriptor, 0)
        guard let memory, memory != MAP_FAILED else { throw SharedMemoryError("mapping") }
        return UnsafeMutableRawBufferPointer(start: memory, count: byteCount)
    }

    /// Lets this process only read some bytes, those that another one writes: whoever writes there by mistake ends at once, and nothing that the other process relies on has changed.
    package func protect(_ range: Range<Int>) {
        let page = sysconf(Int32(_SC_PAGESIZE))
        let (first, end) = ((range.lowerBound + page - 1) / page * page, range.upperBound / page * page)
        // Nothing depends on it.
        if first < end, let base = bytes.baseAddress { mprotect(base + first, end - first, PROT_READ) }
    }
}

/// Shared memory that cannot be had.
package struct SharedMemoryError: Error, Hashable, CustomStringConvertible {
    package let description: String

    init(_ action: String) {
        description = "\(action) shared memory failed: \(String(cString: strerror(errno)))"
    }
}
