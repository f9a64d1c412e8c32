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
    ///   - reserved: where the bytes begin that are set aside at once; what stands before is when it is first written, which the maker had better do soon.
    ///   - share: Called with a file descriptor by which another process can have the memory too; it is closed afterwards.
    /// - Throws: ``SharedMemoryError`` where the system has no memory left, or none that can be shared so.
    package init(byteCount: Int, reserved: Int = 0, share: (Int32) -> Void) throws(SharedMemoryError) {
        precondition((0..<byteCount).contains(reserved), "\(reserved) of \(byteCount) bytes")
        let descriptor = shared_memory_create(byteCount, reserved)
        guard descriptor >= 0 else { throw SharedMemoryError("making") }
        defer { close(descriptor) }
        bytes = try Self.map(descriptor, byteCount, .readingAndWriting)
        share(descriptor)
    }

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
