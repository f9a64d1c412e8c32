#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// The bytes of a file.
///
/// - Throws: ``ReportError`` when it cannot be read.
package func readFile(_ path: String) throws(ReportError) -> [UInt8] {
    let file = open(path, O_RDONLY | O_CLOEXEC)
    guard file >= 0 else { throw ReportError(cannot: "open", path, code: errno) }
    defer { close(file) }
    var bytes: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 1 << 16)
    while true {
        let count = read(file, &buffer, buffer.count)
        if count == 0 { return bytes }
        if count > 0 {
            bytes += buffer[..<count]
        } else if errno != EINTR {
            throw ReportError(cannot: "read", path, code: errno)
        }
    }
}

/// The names in a folder, sorted.
package func folderContents(_ path: String) throws(ReportError) -> [String] {
    guard let folder = opendir(path) else { throw ReportError(cannot: "open the directory", path, code: errno) }
    defer { closedir(folder) }
    var names: [String] = []
    while let entry = readdir(folder) {
        let name = withUnsafeBytes(of: &entry.pointee.d_name) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
        if name != ".", name != ".." {
            names.append(name)
        }
    }
    return names.sorted()
}
