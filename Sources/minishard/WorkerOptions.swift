import ArgumentParser
import CPUFeatures

/// Who trains: workers of this process's own, and others that come.
struct WorkerOptions: ParsableArguments {
    @Option(help: "Worker processes to start on this machine. (default: one a core)")
    var workers: Int?

    @Option(help: ListenOptions.help)
    var listen: [String] = []

    /// Worker processes to start on this machine.
    var local: Int { workers ?? Int(cpu_available_cores()) }

    mutating func validate() throws {
        guard (0...1024).contains(local) else { throw ValidationError("--workers is \(local); it must be 0 to 1024.") }
        guard local > 0 || !listen.isEmpty else {
            throw ValidationError("With --workers 0 nobody would train: add --listen for workers elsewhere.")
        }
        try validateEndpoints(listen)
    }
}
