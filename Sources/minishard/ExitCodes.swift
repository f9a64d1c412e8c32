import ArgumentParser

extension ExitCode {
    /// Nobody at the other end: `EX_UNAVAILABLE` of sysexits.h.
    static let unavailable = ExitCode(69)

    /// Interrupted, and can be continued: `EX_TEMPFAIL` of sysexits.h.
    static let interrupted = ExitCode(75)

    /// A signal ended the program: 128 and its number, as shells count.
    static func signal(_ number: Int32) -> ExitCode { ExitCode(128 + number) }
}
