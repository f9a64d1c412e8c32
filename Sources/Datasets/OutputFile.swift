#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// Writes a file under a temporary name beside `path`, then gives it its name: it is there as a whole or not at all.
///
/// - Throws: `DatasetError` where the system refuses; the temporary file is gone then.
func writeFile(_ pieces: [[UInt8]], to path: String) throws(DatasetError) {
    let temporary = path + ".part"
    let descriptor = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644)
    guard descriptor >= 0 else {
        throw DatasetError(.inaccessible, "Cannot write \(temporary): \(systemMessage()).")
    }
    var failure: Int32 = 0
    for piece in pieces where failure == 0 {
        failure = writeAll(piece, to: descriptor)
    }
    if close(descriptor) != 0, failure == 0 {
        failure = errno
    }
    guard failure == 0 else {
        unlink(temporary)
        throw DatasetError(.inaccessible, "Cannot write \(temporary): \(systemMessage(failure)).")
    }
    try moveFile(temporary, to: path)
}

/// Gives a finished file its name.
///
/// - Throws: `DatasetError` where the system refuses; the file under its old name is gone then.
func moveFile(_ temporary: String, to path: String) throws(DatasetError) {
    guard rename(temporary, path) == 0 else {
        let message = systemMessage()
        unlink(temporary)
        throw DatasetError(.inaccessible, "Cannot write \(path): \(message).")
    }
}

/// Makes a directory, and those that lead to it, where they are missing.
///
/// - Throws: `DatasetError` where the system refuses.
func makeDirectory(_ path: String) throws(DatasetError) {
    var status = stat()
    if stat(path, &status) == 0, status.st_mode & S_IFMT == S_IFDIR { return }
    if let slash = path.lastIndex(of: "/"), slash > path.startIndex {
        try makeDirectory(String(path[..<slash]))
    }
    guard mkdir(path, 0o755) == 0 || errno == EEXIST else {
        throw DatasetError(.inaccessible, "Cannot make the directory \(path): \(systemMessage()).")
    }
}

/// Writes all of `bytes`; returns 0, or the system's error number.
private func writeAll(_ bytes: [UInt8], to descriptor: Int32) -> Int32 {
    bytes.withUnsafeBytes { buffer in
        var written = 0
        while written < buffer.count {
            let count = write(descriptor, buffer.baseAddress.map { $0 + written }, buffer.count - written)
            if count >= 0 {
                written += count
            } else if errno != EINTR {
                return errno
            }
        }
        return 0
    }
}
