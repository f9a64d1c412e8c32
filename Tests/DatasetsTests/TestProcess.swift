import Testing

#if canImport(Glibc)
    @preconcurrency import Glibc
#elseif canImport(Musl)
    @preconcurrency import Musl
#else
    import Darwin
#endif

/// A Python program that runs beside a test, says when it is ready, and ends when its standard input does.
final class TestProcess: Sendable {
    /// The first line that the program printed.
    let firstLine: String
    private let identifier: pid_t
    private let standardInput: Int32

    /// Starts `python3` and waits for it to print a line, 60 s at most.
    init(_ arguments: [String]) throws {
        let (inputEnd, standardInput) = try Self.makePipe()
        let (standardOutput, outputEnd) = try Self.makePipe()
        defer { close(standardOutput) }
        #if canImport(Darwin)
            var actions: posix_spawn_file_actions_t?
            let environment = _NSGetEnviron().pointee
        #else
            var actions = posix_spawn_file_actions_t()
            let environment = environ
        #endif
        posix_spawn_file_actions_init(&actions)
        posix_spawn_file_actions_adddup2(&actions, inputEnd, STDIN_FILENO)
        posix_spawn_file_actions_adddup2(&actions, outputEnd, STDOUT_FILENO)
        let vector = (["python3"] + arguments).map { strdup($0) }
        var identifier = pid_t()
        let failure = posix_spawnp(&identifier, "python3", &actions, nil, vector + [nil], environment)
        posix_spawn_file_actions_destroy(&actions)
        for argument in vector {
            free(argument)
        }
        close(inputEnd)
        close(outputEnd)
        self.standardInput = standardInput
        self.identifier = identifier
        try #require(failure == 0, "these tests need python3: \(String(cString: strerror(failure)))")
        firstLine = try Self.line(from: standardOutput)
    }

    /// Ends the program's standard input, and waits for the program to end.
    deinit {
        close(standardInput)
        var status: Int32 = 0
        while waitpid(identifier, &status, 0) < 0, errno == EINTR {}
    }

    /// A pipe, to read from and to write to, that no other child inherits.
    private static func makePipe() throws -> (Int32, Int32) {
        var ends: [Int32] = [0, 0]
        try #require(pipe(&ends) == 0)
        for end in ends {
            try #require(fcntl(end, F_SETFD, FD_CLOEXEC) == 0)
        }
        return (ends[0], ends[1])
    }

    private static func line(from descriptor: Int32) throws -> String {
        var line: [UInt8] = []
        while true {
            var readiness = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
            try #require(poll(&readiness, 1, 60_000) == 1, "the program printed no line within 60 s")
            var byte: UInt8 = 0
            try #require(read(descriptor, &byte, 1) == 1, "the program ended before it printed a line")
            guard byte != UInt8(ascii: "\n") else { return String(decoding: line, as: UTF8.self) }
            line.append(byte)
        }
    }
}
