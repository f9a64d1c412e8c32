#if canImport(Glibc)
    @preconcurrency import Glibc
#elseif canImport(Musl)
    @preconcurrency import Musl
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
        let process = try spawn(Self.options + ["--output", path, "--url", url], diagnosis: diagnosis)
        var status: Int32 = 0
        while waitpid(process, &status, 0) < 0 {
            guard errno == EINTR else {
                throw TransferFailure(cause: .program, message: "\(program) cannot be waited for: \(systemMessage())")
            }
        }
        guard status != 0 else { return }
        let signal = status & 0x7F
        guard signal == 0 else {
            throw TransferFailure(cause: .signal, message: "\(program) was stopped by signal \(signal)")
        }
        let message = lastLine(of: diagnosis) ?? "\(program) failed with status \(status >> 8)"
        throw TransferFailure(cause: .mirror, message: message)
    }

    /// Starts `curl` with its messages going to the file `diagnosis`, and with no signal blocked or ignored, whatever this process does.
    private func spawn(_ arguments: [String], diagnosis: String) throws(TransferFailure) -> pid_t {
        #if canImport(Darwin)
            var attributes: posix_spawnattr_t?
            var actions: posix_spawn_file_actions_t?
            let environment = _NSGetEnviron().pointee
        #else
            var attributes = posix_spawnattr_t()
            var actions = posix_spawn_file_actions_t()
            let environment = environ
        #endif
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        var signals = sigset_t()
        sigemptyset(&signals)
        posix_spawnattr_setsigmask(&attributes, &signals)
        for signal in [SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGPIPE] {
            sigaddset(&signals, signal)
        }
        posix_spawnattr_setsigdefault(&attributes, &signals)
        posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGMASK) | Int16(POSIX_SPAWN_SETSIGDEF))

        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0)
        posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, "/dev/null", O_WRONLY, 0)
        posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, diagnosis, O_WRONLY | O_CREAT | O_TRUNC, 0o644)

        var vector = ([program] + arguments).map { strdup($0) }
        defer {
            for argument in vector {
                free(argument)
            }
        }
        vector.append(nil)
        var process = pid_t()
        let failure = posix_spawnp(&process, program, &actions, &attributes, vector, environment)
        guard failure == 0 else {
            throw TransferFailure(
                cause: .program, message: "the program \(program), which is needed for that, cannot be run: \(systemMessage(failure))")
        }
        return process
    }

    /// The last line of what `curl` said, which is about its last try.
    private func lastLine(of path: String) -> String? {
        guard var file = try? InputFile(path: path), let isFilled = try? file.refill(), isFilled else { return nil }
        return String(decoding: file.unread.prefix(4096), as: UTF8.self).split(whereSeparator: \.isNewline).last.map(String.init)
    }
}
