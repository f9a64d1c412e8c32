#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// A pipe by which children notice that this process is gone, however it ended.
///
/// Each child gets the read end under the number ``childDescriptor``; this process keeps the write end and never writes. When the process ends, the
/// children see the end of the pipe.
package final class Lifeline: Sendable {
    /// The file descriptor at which a child finds its lifeline.
    package static let childDescriptor: Int32 = 3

    package let readEnd: Int32
    private let writeEnd: Int32

    /// - Throws: ``ProcessError`` when there are no file descriptors left.
    package init() throws(ProcessError) {
        var ends: [Int32] = [0, 0]
        guard pipe(&ends) == 0 else { throw ProcessError("Cannot make a pipe to the workers: \(String(cString: strerror(errno))).") }
        // Away from the number that children get it under: a descriptor duplicated to itself would stay closed on exec.
        readEnd = fcntl(ends[0], F_DUPFD_CLOEXEC, 10)
        writeEnd = fcntl(ends[1], F_DUPFD_CLOEXEC, 10)
        for end in ends { close(end) }
        guard readEnd >= 0, writeEnd >= 0 else {
            throw ProcessError("Cannot make a pipe to the workers: \(String(cString: strerror(errno))).")
        }
    }

    deinit {
        close(readEnd)
        close(writeEnd)
    }
}
