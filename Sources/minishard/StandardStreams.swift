// The standard streams are variables of the C library's that this program never changes.
#if canImport(Glibc)
    @preconcurrency import Glibc
#elseif canImport(Musl)
    @preconcurrency import Musl
#else
    import Darwin
#endif

/// Writes to standard error, whatever becomes of it.
func writeToStandardError(_ text: String) {
    fputs(text, stderr)
}

/// Writes to standard output at once, so that a reader at the other end of a pipe sees it when it happens.
///
/// - Throws: ``OutputError`` when it cannot be written, or a part of it.
func printNow(_ text: String, terminator: String = "\n") throws(OutputError) {
    clearerr(stdout)
    print(text, terminator: terminator)
    guard fflush(stdout) == 0, ferror(stdout) == 0 else { throw OutputError(code: errno) }
}

/// Standard output that takes nothing more.
struct OutputError: Error, CustomStringConvertible {
    let description: String

    init(code: Int32) { description = "Cannot write to standard output: \(String(cString: strerror(code)))." }
}
