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
