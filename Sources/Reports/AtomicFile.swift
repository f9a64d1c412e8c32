#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// Writes a file so that it is there with all its bytes, even after a power failure, or not at all: under a temporary name in the same folder,
/// flushed to the disk, then renamed. A file of that name is replaced, and so is what a process left under the temporary name when it was killed.
///
/// - Throws: ``ReportError`` naming the file and the reason; the temporary file is gone then.
package func writeAtomically(_ bytes: [UInt8], to path: String) throws(ReportError) {
    try writeAndName(bytes, path, temporarySuffix: "part") { rename($0, path) }
}

/// Writes a file in the same way, but in no file's place: of several processes that write one of this name one succeeds.
///
/// - Throws: as ``writeAtomically(_:to:)``; for a file that is there the error that `exists` makes.
func createAtomically(_ bytes: [UInt8], at path: String, exists: () -> ReportError) throws(ReportError) {
    var isThere = false
    do throws(ReportError) {
        // Others may be about it: a temporary name of its own.
        try writeAndName(bytes, path, temporarySuffix: "\(getpid()).part") { temporary in
            if link(temporary, path) == 0 { return unlink(temporary) }
            isThere = errno == EEXIST
            // Not every file system has hard links.
            return isThere ? -1 : rename(temporary, path)
        }
    } catch {
        throw isThere ? exists() : error
    }
}

/// Writes a file under a temporary name, and then gives it its own.
///
/// - Parameter name: Does the latter; returns what the system's call does.
private func writeAndName(
    _ bytes: [UInt8], _ path: String, temporarySuffix: String, _ name: (_ temporary: String) -> Int32
) throws(ReportError) {
    let folder = parentFolder(of: path)
    let temporary = "\(folder)/.\(path.split(separator: "/").last ?? "file").\(temporarySuffix)"
    let file = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644)
    guard file >= 0 else { throw ReportError(cannot: "create", path, code: errno) }
    do throws(ReportError) {
        do throws(ReportError) {
            try writeAll(bytes, to: file, named: path)
            try flush(file, named: path)
        } catch {
            close(file)
            throw error
        }
        guard close(file) == 0 else { throw ReportError(cannot: "write", path, code: errno) }
        guard name(temporary) == 0 else { throw ReportError(cannot: "create", path, code: errno) }
    } catch {
        unlink(temporary)
        throw error
    }
    try flushFolder(folder)
}

/// Writes all the bytes to an open file, however many calls it takes.
///
/// - Throws: ``ReportError`` when the system refuses, as on a full disk.
func writeAll(_ bytes: [UInt8], to file: Int32, named path: String) throws(ReportError) {
    var written = 0
    while written < bytes.count {
        let result = bytes.withUnsafeBytes { write(file, $0.baseAddress.map { $0 + written }, $0.count - written) }
        if result > 0 {
            written += result
        } else if result < 0, errno != EINTR {
            throw ReportError(cannot: "write", path, code: errno)
        }
    }
}

/// The folder that a path's last component is in.
func parentFolder(of path: String) -> String {
    guard let slash = path.lastIndex(of: "/") else { return "." }
    return slash == path.startIndex ? "/" : String(path[..<slash])
}

/// Makes the names in a folder outlast a power failure, where the file system can.
///
/// - Throws: ``ReportError`` when it cannot be done.
func flushFolder(_ path: String) throws(ReportError) {
    let folder = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard folder >= 0 else { throw ReportError(cannot: "open", path, code: errno) }
    defer { close(folder) }
    // Some file systems refuse to flush a folder; they keep its names in order by themselves.
    try flush(folder, named: path, mayRefuse: true)
}

private func flush(_ file: Int32, named path: String, mayRefuse: Bool = false) throws(ReportError) {
    while fsync(file) != 0 {
        if errno == EINTR { continue }
        if mayRefuse, errno == EINVAL { return }
        throw ReportError(cannot: "write", path, code: errno)
    }
}
