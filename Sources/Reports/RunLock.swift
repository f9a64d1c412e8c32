#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// The right to train a run. The system takes it back from a process that dies.
package final class RunLock: Sendable {
    private let file: Int32

    init(_ path: String, of run: String) throws(ReportError) {
        // Open for reading, it does not keep its disk from being made read-only; a network file system may want it open for writing.
        for mode in [O_RDONLY, O_RDWR] {
            let file = open(path, mode | O_CLOEXEC)
            guard file >= 0 else { throw ReportError(cannot: "open", path, code: errno) }
            var code: Int32 = 0
            repeat { code = flock(file, LOCK_EX | LOCK_NB) == 0 ? 0 : errno } while code == EINTR
            if code == 0 {
                self.file = file
                return
            }
            close(file)
            if code == EWOULDBLOCK { throw ReportError("Another process is training the run in \(run). Let it end, or end it, first.") }
            guard code == EBADF else { throw ReportError(cannot: "lock", path, code: code) }
        }
        throw ReportError(cannot: "lock", path, code: EBADF)
    }

    deinit { close(file) }
}
