// `environ` is a variable of the C library's that this program never changes.
#if canImport(Glibc)
    @preconcurrency import Glibc
#elseif canImport(Musl)
    @preconcurrency import Musl
#else
    import Darwin
#endif

/// How a program is started, beside its arguments.
package struct SpawnOptions: Sendable {
    /// File that the program's standard output goes to; nil for this process's own.
    package var standardOutput: String?
    /// File that the program's messages go to; nil for this process's own.
    package var standardError: String?
    /// Whether the program leads a process group of its own, so that Ctrl-C at the terminal does not reach it.
    package var ownGroup = false
    /// A file descriptor of this process's, and the number under which the program gets it.
    package var inherited: (descriptor: Int32, as: Int32)?

    package init() {}
}

/// Starts a program, found along `PATH` when its name has no slash, with an empty standard input and with no signal blocked or ignored, whatever this
/// process does.
///
/// - Returns: its process id. The caller waits for it.
/// - Throws: ``ProcessError`` when it cannot be started.
package func spawn(_ program: String, _ arguments: [String], options: SpawnOptions = SpawnOptions()) throws(ProcessError) -> Int32 {
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
    for signal in [SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGPIPE] { sigaddset(&signals, signal) }
    posix_spawnattr_setsigdefault(&attributes, &signals)
    posix_spawnattr_setpgroup(&attributes, 0)
    let group = options.ownGroup ? Int16(POSIX_SPAWN_SETPGROUP) : 0
    posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGMASK) | Int16(POSIX_SPAWN_SETSIGDEF) | group)

    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0)
    for (file, descriptor) in [(options.standardOutput, STDOUT_FILENO), (options.standardError, STDERR_FILENO)] {
        if let file { posix_spawn_file_actions_addopen(&actions, descriptor, file, O_WRONLY | O_CREAT | O_TRUNC, 0o644) }
    }
    if let inherited = options.inherited { posix_spawn_file_actions_adddup2(&actions, inherited.descriptor, inherited.as) }

    var vector = ([program] + arguments).map { strdup($0) }
    defer { for argument in vector { free(argument) } }
    vector.append(nil)
    var process = pid_t()
    let code = posix_spawnp(&process, program, &actions, &attributes, vector, environment)
    guard code == 0 else { throw ProcessError("the program \(program) cannot be started: \(String(cString: strerror(code)))") }
    return process
}

/// Something that the operating system would not do with a process.
package struct ProcessError: Error, Hashable, CustomStringConvertible {
    package let description: String

    init(_ description: String) { self.description = description }
}
