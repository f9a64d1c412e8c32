import CNNCore
import Coordinator
import Logging
import Testing

@testable import Transport

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

struct EndpointTests {
    private func complaint(_ text: String) -> String {
        do throws(TransportError) {
            _ = try Endpoint(text)
            return ""
        } catch { return error.description }
    }

    @Test("What is no endpoint is refused in words that say why")
    func refusals() {
        for good in ["tcp://127.0.0.1:5555", "tcp://[::1]:1", "tcp://*:*", "tcp://host.name:0", "ipc:///tmp/x", "ipc://relative"] {
            #expect(complaint(good) == "")
        }
        #expect(complaint("127.0.0.1:5555").contains("neither tcp:// nor ipc://"))
        #expect(complaint("udp://127.0.0.1:5555").contains("neither tcp:// nor ipc://"))
        #expect(complaint("tcp://127.0.0.1").contains("the address or the port is missing"))
        #expect(complaint("tcp://:5555").contains("the address or the port is missing"))
        #expect(complaint("tcp://127.0.0.1:70000").contains("70000"))
        #expect(complaint("tcp://127.0.0.1:http").contains("http"))
        #expect(complaint("ipc://").contains("path is missing"))
        #expect(complaint("ipc:///tmp/x.direct").contains("those of direct lines"))
        let longest = "ipc:///" + String(repeating: "x", count: Endpoint.longestPath - 1)
        #expect(complaint(longest) == "")
        #expect(complaint(longest + "x").contains("\(Endpoint.longestPath + 1) bytes"))
    }

    @Test("Endpoints that other machines can reach are told from those they cannot")
    func loopback() throws {
        for text in ["ipc:///tmp/x", "tcp://127.0.0.1:1", "tcp://127.8.9.1:1", "tcp://localhost:1", "tcp://[::1]:1"] {
            #expect(try Endpoint(text).isLoopback)
        }
        for text in ["tcp://*:1", "tcp://0.0.0.0:1", "tcp://192.168.0.1:1", "tcp://[::]:1"] { #expect(try !Endpoint(text).isLoopback) }
    }

    /// What is wrong with listening on an endpoint.
    private func problem(_ endpoint: String) throws -> String {
        do {
            _ = try shell(endpoint)
            return ""
        } catch { return "\(error)" }
    }

    private func shell(_ endpoint: String) throws -> CoordinatorShell {
        try CoordinatorShell(
            endpoints: [endpoint], jobs: try TestData.jobs(1), dataset: TestData.dataset(), localWorkers: 1,
            settings: CoordinatorSettings(run: 1, instructionSet: try InstructionSet.best()), logger: Logger(label: "test"))
    }

    @Test("A port or path in use is refused, and not taken from who has it")
    func inUse() throws {
        let tcp = try shell("tcp://127.0.0.1:*")
        #expect(!tcp.endpoints[0].hasSuffix("*"))
        #expect(tcp.endpoints[0].hasPrefix("tcp://127.0.0.1:"))
        #expect(try problem(tcp.endpoints[0]).contains("in use"))
        let ipc = try shell(TestEndpoint.fresh("ipc"))
        #expect(try problem(ipc.endpoints[0]).contains("another program listens there"))
        #expect(try problem(ipc.endpoints[0]).contains("another program listens there"))
    }

    @Test("A coordinator leaves no file behind")
    func noFileLeft() throws {
        let endpoint = TestEndpoint.fresh("ipc")
        let path = String(endpoint.dropFirst(6))
        do {
            let shell = try shell(endpoint)
            #expect(shell.endpoints == [endpoint])
            #expect(access(path, F_OK) == 0)
        }
        #expect(access(path, F_OK) == -1)
    }

    @Test("A socket's file that nobody listens on any more is in nobody's way, other files are")
    func files() throws {
        let stale = String(TestEndpoint.fresh("ipc").dropFirst(6))
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: stale.utf8) }
        let descriptor = socket(AF_UNIX, streamSocket, 0)
        let bound = withUnsafeBytes(of: &address) { bytes in
            bytes.withMemoryRebound(to: sockaddr.self) { bind(descriptor, $0.baseAddress, socklen_t(bytes.count)) }
        }
        #expect(bound == 0)
        close(descriptor)
        #expect(access(stale, F_OK) == 0)
        #expect(try problem("ipc://\(stale)") == "")

        let file = String(TestEndpoint.fresh("ipc").dropFirst(6))
        let created = open(file, O_CREAT | O_WRONLY, 0o600)
        close(created)
        defer { unlink(file) }
        #expect(try problem("ipc://\(file)").contains("not a socket"))
        #expect(access(file, F_OK) == 0)
        #expect(try problem("ipc:///tmp/no/such/directory/x").contains("directory does not exist"))
        #expect(try problem("tcp://192.0.2.1:5555").contains("no such address"))
    }
}
