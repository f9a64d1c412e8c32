#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// Runs `body` while holding a lock that one process of a machine holds at a time; the system takes it back from a process that dies.
///
/// - Parameters:
///   - path: The lock's file, made if it is missing; it stays behind.
///   - onWait: Is called where another process holds the lock, before waiting for it.
///   - body: What to do under the lock.
/// - Throws: `DatasetError` where the file cannot be made or locked, or from `body`.
func withFileLock(_ path: String, onWait: () -> Void, body: () throws(DatasetError) -> Void) throws(DatasetError) {
    let descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o644)
    guard descriptor >= 0 else {
        throw DatasetError(.inaccessible, "Cannot make the lock file \(path): \(systemMessage()).")
    }
    // Closing its only descriptor gives the lock back.
    defer { close(descriptor) }
    var status = flock(descriptor, LOCK_EX | LOCK_NB)
    if status != 0, errno == EWOULDBLOCK {
        onWait()
        repeat {
            status = flock(descriptor, LOCK_EX)
        } while status != 0 && errno == EINTR
    }
    guard status == 0 else {
        throw DatasetError(.inaccessible, "Cannot lock \(path): \(systemMessage()).")
    }
    try body()
}
