#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// How a process ended.
package enum ExitStatus: Sendable, Hashable, CustomStringConvertible {
    /// It exited with a code.
    case exited(Int32)
    /// A signal killed it.
    case killed(signal: Int32)

    /// Reads the status that `waitpid` gives.
    init(waitStatus: Int32) {
        let signal = waitStatus & 0x7F
        self = signal == 0 ? .exited((waitStatus >> 8) & 0xFF) : .killed(signal: signal)
    }

    /// The end of a sentence about the process, such as `was killed by signal 9`.
    package var description: String {
        switch self {
        case .exited(let code): "exited with code \(code)"
        case .killed(SIGKILL): "was killed by signal 9, by somebody or because memory ran out"
        case .killed(let signal): Self.meanings[signal].map { "was killed by signal \(signal) (\($0))" } ?? "was killed by signal \(signal)"
        }
    }

    /// The same, where it is known whether the kernel has killed a process of this one's group because memory ran out.
    package func description(memoryRanOut: Bool?) -> String {
        guard self == .killed(signal: SIGKILL), let memoryRanOut else { return description }
        return memoryRanOut ? "was killed by signal 9 because memory ran out" : "was killed by signal 9, by somebody"
    }

    /// What the signals say that a program's own faults lead to.
    private static let meanings = [
        SIGSEGV: "bad memory access", SIGBUS: "bad memory access", SIGILL: "illegal instruction", SIGFPE: "arithmetic error",
        SIGABRT: "aborted", SIGTRAP: "trap: the program found an error in itself",
    ]
}

/// Waits for a child process to end.
///
/// - Throws: ``ProcessError`` when the process is no child of this one.
package func wait(for process: Int32) throws(ProcessError) -> ExitStatus {
    try waitUntilEnded(process)
    guard let status = statusIfEnded(process) else { throw ProcessError("Somebody else has waited for process \(process).") }
    return status
}

/// Waits for a child process to end, and leaves its status to whoever asks for it.
///
/// - Throws: ``ProcessError`` when the process is no child of this one.
func waitUntilEnded(_ process: Int32) throws(ProcessError) {
    var information = siginfo_t()
    while waitid(P_PID, id_t(process), &information, WEXITED | WNOWAIT) != 0 {
        guard errno == EINTR else { throw ProcessError("Process \(process) cannot be waited for: \(String(cString: strerror(errno))).") }
    }
}

/// How a child process ended; nil while it runs, and for a process that is no child of this one.
package func statusIfEnded(_ process: Int32) -> ExitStatus? {
    var status: Int32 = 0
    return waitpid(process, &status, WNOHANG) == process ? ExitStatus(waitStatus: status) : nil
}
