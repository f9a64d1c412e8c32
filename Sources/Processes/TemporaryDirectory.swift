#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// Makes a directory of this process's own, readable by its user alone: in `TMPDIR`, or in `/tmp` where that is not set.
///
/// - Parameter longest: Bytes that its path may have, as where sockets will stand in it; with a longer `TMPDIR` it is made in `/tmp`.
/// - Throws: ``ProcessError`` when it cannot be made.
package func makeTemporaryDirectory(longest: Int = .max) throws(ProcessError) -> String {
    func path(in parent: String) -> [CChar] { Array("\(parent)/minishard-XXXXXX".utf8CString) }
    var parent = getenv("TMPDIR").map { String(cString: $0) } ?? "/tmp"
    if path(in: parent).count - 1 > longest { parent = "/tmp" }
    var template = path(in: parent)
    guard mkdtemp(&template) != nil else {
        throw ProcessError(
            "Cannot make a directory in \(parent): \(String(cString: strerror(errno))). Set TMPDIR to a directory that can be written to.")
    }
    return String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
}
