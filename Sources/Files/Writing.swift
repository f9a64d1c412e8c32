#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// Makes a file, or empties it, and writes it.
///
/// - Parameter flushing: Whether its bytes must outlast a power failure; without, a crash may leave any part of them.
/// - Throws: ``FileError`` when the system refuses, as on a full disk; a part may be written then.
package func writeFile(_ bytes: [UInt8], to path: String, flushing: Bool = false) throws(FileError) {
    let file = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644)
    guard file >= 0 else { throw FileError("create", path) }
    do throws(FileError) {
        try writeAll(bytes, to: file, path)
        if flushing { try flush(file, path) }
    } catch {
        close(file)
        throw error
    }
    guard close(file) == 0 else { throw FileError("write", path) }
}

private func writeAll(_ bytes: [UInt8], to file: Int32, _ path: String) throws(FileError) {
    var written = 0
    while written < bytes.count {
        let count = bytes.withUnsafeBytes { write(file, $0.baseAddress.map { $0 + written }, $0.count - written) }
        if count > 0 {
            written += count
        } else if count < 0, errno != EINTR {
            throw FileError("write", path)
        }
    }
}

/// Gives a file another name, in place of the file that has it.
package func renameFile(_ path: String, to newPath: String) throws(FileError) {
    guard rename(path, newPath) == 0 else { throw FileError("create", newPath) }
}

package func removeFile(_ path: String) throws(FileError) {
    guard unlink(path) == 0 else { throw FileError("remove", path) }
}

/// Makes a file's bytes outlast a power failure.
package func flushFile(_ path: String) throws(FileError) { try flush(path, O_WRONLY, mayRefuse: false) }

/// Makes the names in a folder outlast a power failure.
package func flushFolder(_ path: String) throws(FileError) {
    // Some file systems refuse to flush a folder; they keep its names in order by themselves.
    try flush(path, O_RDONLY | O_DIRECTORY, mayRefuse: true)
}

private func flush(_ path: String, _ mode: Int32, mayRefuse: Bool) throws(FileError) {
    let file = open(path, mode | O_CLOEXEC)
    guard file >= 0 else { throw FileError("open", path) }
    defer { close(file) }
    try flush(file, path, mayRefuse: mayRefuse)
}

private func flush(_ file: Int32, _ path: String, mayRefuse: Bool = false) throws(FileError) {
    while fsync(file) != 0 {
        if errno == EINTR { continue }
        if mayRefuse, errno == EINVAL { return }
        throw FileError("write", path)
    }
}
