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
    let folder = parentFolder(of: path)
    let temporary = "\(folder)/.\(path.split(separator: "/").last ?? "file").part"
    let file = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644)
    guard file >= 0 else { throw ReportError(cannot: "create", path, code: errno) }
    do throws(ReportError) {
        do throws(ReportError) {
            try writeAll(bytes, to: file, named: path)
            guard fsync(file) == 0 else { throw ReportError(cannot: "write", path, code: errno) }
        } catch {
            close(file)
            throw error
        }
        guard close(file) == 0 else { throw ReportError(cannot: "write", path, code: errno) }
        guard rename(temporary, path) == 0 else { throw ReportError(cannot: "create", path, code: errno) }
    } catch {
        unlink(temporary)
        throw error
    }
    flushFolder(folder)
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

/// Makes a rename in a folder durable, where the file system can.
private func flushFolder(_ path: String) {
    let folder = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard folder >= 0 else { return }
    // Some file systems refuse to flush a folder (EINVAL); the file is complete all the same.
    _ = fsync(folder)
    close(folder)
}
