#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// The path of the program that this process runs.
///
/// - Throws: ``ProcessError`` when the operating system does not tell.
package func executablePath() throws(ProcessError) -> String {
    var path = [CChar](repeating: 0, count: 4096)
    #if canImport(Darwin)
        var size = UInt32(path.count)
        let isKnown = _NSGetExecutablePath(&path, &size) == 0
    #else
        let isKnown = readlink("/proc/self/exe", &path, path.count - 1) > 0
    #endif
    guard isKnown else { throw ProcessError("The path of the running program is not known; is /proc mounted?") }
    return String(decoding: path.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
}

/// A directory of this process's own for sockets, readable by its user alone.
///
/// - Throws: ``ProcessError`` when it cannot be made.
package func makeTemporaryDirectory() throws(ProcessError) -> String {
    let parent = getenv("TMPDIR").map { String(cString: $0) } ?? "/tmp"
    var template = Array("\(parent)/minishard-XXXXXX".utf8CString)
    guard mkdtemp(&template) != nil else {
        throw ProcessError(
            "Cannot make a directory in \(parent): \(String(cString: strerror(errno))). Set TMPDIR to a directory that can be written to.")
    }
    return String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
}
