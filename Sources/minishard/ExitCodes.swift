import ArgumentParser

// The standard streams are variables of the C library's that this program never changes.
#if canImport(Glibc)
    @preconcurrency import Glibc
#elseif canImport(Musl)
    @preconcurrency import Musl
#else
    import Darwin
#endif

extension ExitCode {
    /// Nobody at the other end: `EX_UNAVAILABLE` of sysexits.h.
    static let unavailable = ExitCode(69)

    /// Interrupted, and can be continued: `EX_TEMPFAIL` of sysexits.h.
    static let interrupted = ExitCode(75)

    /// A signal ended the program: 128 and its number, as shells count.
    static func signal(_ number: Int32) -> ExitCode { ExitCode(128 + number) }
}

/// Writes to standard error, whatever becomes of it.
func writeToStandardError(_ text: String) {
    fputs(text, stderr)
}

/// Writes to standard output at once, so that a reader at the other end of a pipe sees it when it happens.
func printNow(_ text: String, terminator: String = "\n") {
    print(text, terminator: terminator)
    fflush(stdout)
}
