import Processes
import TestSupport
import Testing

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

extension EndToEnd {
    /// Coordinator and workers on hosts of their own, which network namespaces stand for.
    @Suite(
        .enabled(
            if: TwoHosts.arePossible,
            "SKIPPED: no network namespaces here; they need Linux, root with all its rights, and the 'ip' program (Debian: iproute2)."))
    struct HostTests {
        @Test(arguments: [0, 1])
        func workersOnAnotherHost(localWorkers: Int) async throws {
            try await withTwoHosts { hosts in
                let workers = try hosts.minishard(on: 1, ["worker", "--connect", "tcp://\(hosts.addresses[0]):5555", "--workers", "2"])
                let study = try hosts.minishard(
                    on: 0,
                    ["study"] + longStudy + ["--workers", "\(localWorkers)", "--listen", "tcp://\(hosts.addresses[0]):5555", "--json"])
                _ = try await study.line(containing: "neither encrypted nor authenticated")
                let results = try await results(of: study)
                #expect(results.workers == 2 + localWorkers)
                #expect(try await results.weights == Reference.long.weights)
                #expect(try await workers.finish().status == .exited(0))
            }
        }

        /// The cable is pulled; the study goes on with the workers that it has.
        @Test func hostThatDisappears() async throws {
            try await withTwoHosts { hosts in
                let study = try hosts.minishard(
                    on: 0, ["study"] + longStudy + ["--workers", "1", "--listen", "tcp://0.0.0.0:5555", "--json"])
                _ = try await study.line(containing: "neither encrypted nor authenticated")
                let worker = try hosts.minishard(on: 1, ["worker", "--connect", "tcp://\(hosts.addresses[0]):5555"])
                _ = try await worker.line(containing: "Joined the coordinator")
                try await hosts.disconnect()
                #expect(try await results(of: study).weights == Reference.long.weights)
                worker.send(SIGTERM)
                #expect(try await worker.finish().status == .exited(0))
            }
        }
    }
}

/// Two network namespaces that are joined by a cable.
private struct TwoHosts {
    static let arePossible: Bool = {
        #if os(Linux)
            guard geteuid() == 0 else { return false }
            var options = SpawnOptions()
            options.standardOutput = "/dev/null"
            options.standardError = "/dev/null"
            // All that the tests do, since a container may permit a part of it.
            let script = """
                name=minishard-probe-$$
                ip netns add $name || exit 1
                ip link add veth0 netns $name type veth peer name veth1 netns $name && ip netns exec $name true
                code=$?
                ip netns delete $name
                exit $code
                """
            let probe = try? spawn("sh", ["-c", script], options: options)
            return (try? probe.map { try wait(for: $0) }) == .exited(0)
        #else
            return false
        #endif
    }()

    let addresses = ["10.213.77.1", "10.213.77.2"]
    private let names = (0...1).map { "minishard-\(getpid())-\($0)" }

    func connect() async throws {
        for name in names { try await ip("netns add \(name)") }
        try await ip("link add veth0 netns \(names[0]) type veth peer name veth0 netns \(names[1])")
        for (name, address) in zip(names, addresses) {
            try await ip("-n \(name) address add \(address)/24 dev veth0")
            try await ip("-n \(name) link set veth0 up")
            try await ip("-n \(name) link set lo up")
        }
    }

    /// Pulls the cable.
    func disconnect() async throws { try await ip("-n \(names[1]) link set veth0 down") }

    func remove() async throws {
        for name in names { try await ip("netns delete \(name)") }
    }

    /// Starts Minishard on a host.
    func minishard(on host: Int, _ arguments: [String]) throws -> Program {
        try Program("ip", ["netns", "exec", names[host], TestEnvironment.minishard] + arguments, environment: neutral)
    }

    private func ip(_ command: String) async throws {
        let finished = try await run("ip", command.split(separator: " ").map(String.init))
        try #require(finished.status == .exited(0), "ip \(command): \(finished.errors)")
    }
}

/// Runs `body` with two hosts, which are gone afterwards.
private func withTwoHosts(_ body: (TwoHosts) async throws -> Void) async throws {
    let hosts = TwoHosts()
    do {
        try await hosts.connect()
        try await body(hosts)
    } catch {
        try await hosts.remove()
        throw error
    }
    try await hosts.remove()
}
