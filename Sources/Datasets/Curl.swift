import Processes

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// Why a transfer failed.
struct TransferFailure: Error {
    /// Who is to blame.
    enum Cause {
        /// The server or the way to it: another may do better.
        case mirror
        /// The program could not be run.
        case program
        /// Somebody stopped the program.
        case signal
    }

    let cause: Cause
    /// What `curl` said, or why it could not be run.
    let message: String
}

/// Transfers over HTTP and HTTPS by the `curl` program, which brings the system's certificates and proxy settings with it.
struct Curl: Sendable {
    /// The program's name or path.
    let program: String

    /// Gives up on a host that does not answer within 5 s, a transfer that crawls for 15 s and one that takes more than 2 minutes;
    /// tries once again, after a quick refusal only, for there are other mirrors.
    private static let options = [
        "--fail", "--location", "--silent", "--show-error", "--globoff", "--proto", "=http,https", "--proto-redir", "=http,https",
        "--connect-timeout", "5", "--speed-limit", "1024", "--speed-time", "15", "--max-time", "120",
        "--retry", "1", "--retry-max-time", "3",
    ]

    /// Stores what `url` names in the file `path`; what is there after a failure is worth nothing.
    func download(_ url: String, to path: String) throws(TransferFailure) {
        let diagnosis = path + ".log"
        defer { unlink(diagnosis) }
        let status: ExitStatus
        do {
            status = try wait(for: try spawn(program, Self.options + ["--output", path, "--url", url], options: quietly(diagnosis)))
        } catch {
            throw TransferFailure(cause: .program, message: "\(error)")
        }
        guard status != .exited(0) else { return }
        guard case .exited(let code) = status else {
            throw TransferFailure(cause: .signal, message: "\(program) \(status)")
        }
        let message = lastLine(of: diagnosis) ?? "\(program) failed with status \(code)"
        throw TransferFailure(cause: .mirror, message: message)
    }

    /// Nothing on the standard output, and messages to the file `diagnosis`.
    private func quietly(_ diagnosis: String) -> SpawnOptions {
        var options = SpawnOptions()
        options.standardOutput = "/dev/null"
        options.standardError = diagnosis
        return options
    }

    /// The last line of what `curl` said, which is about its last try.
    private func lastLine(of path: String) -> String? {
        guard var file = try? InputFile(path: path), let isFilled = try? file.refill(), isFilled else { return nil }
        return String(decoding: file.unread.prefix(4096), as: UTF8.self).split(whereSeparator: \.isNewline).last.map(String.init)
    }
}
