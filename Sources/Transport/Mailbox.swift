import Synchronization

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// Brings events from any thread to the one that waits in a poll: a list, and a pipe that wakes the poll.
final class Mailbox<Element: Sendable>: Sendable {
    private let elements = Mutex<[Element]>([])
    private let writeEnd: Int32
    /// Readable when there is something to take.
    let descriptor: Int32

    /// - Throws: ``TransportError`` when the process has no file descriptors left.
    init() throws(TransportError) {
        var ends: [Int32] = [-1, -1]
        guard pipe(&ends) == 0 else {
            throw TransportError(description: "Cannot make a pipe: \(String(cString: strerror(errno))). Are there too many open files?")
        }
        for end in ends {
            _ = fcntl(end, F_SETFL, fcntl(end, F_GETFL) | O_NONBLOCK)
            _ = fcntl(end, F_SETFD, FD_CLOEXEC)
        }
        descriptor = ends[0]
        writeEnd = ends[1]
    }

    deinit {
        close(descriptor)
        close(writeEnd)
    }

    func put(_ element: Element) {
        elements.withLock { $0.append(element) }
        // A full pipe has already woken the reader.
        var byte: UInt8 = 0
        _ = write(writeEnd, &byte, 1)
    }

    func takeAll() -> [Element] {
        var bytes = [UInt8](repeating: 0, count: 64)
        while read(descriptor, &bytes, bytes.count) > 0 {}
        return elements.withLock { list in
            defer { list = [] }
            return list
        }
    }
}
