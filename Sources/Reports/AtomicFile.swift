import Files

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
    do throws(FileError) {
        try writeFile(bytes, to: temporary, flushing: true)
        guard name(temporary) == 0 else { throw FileError("create", path) }
    } catch {
        unlink(temporary)
        throw ReportError(cannot: error.action, path, code: error.code)
    }
    try reporting(try flushFolder(folder))
}
