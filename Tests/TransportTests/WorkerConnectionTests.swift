import CMessageSocket
import Coordinator
import Logging
import Testing
import TrainingProtocol

@testable import Transport

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

#if os(Linux)
    /// How a worker comes by its connection.
    @Suite(.timeLimit(.minutes(1)))
    struct WorkerConnectionTests {
        private let endpoint = TestEndpoint.fresh("ipc")

        private static func opened(_ endpoint: String) throws -> WorkerConnection {
            let connection = WorkerConnection(try Endpoint(endpoint)) { _ in }
            try connection.open()
            return connection
        }

        /// A connection that is there.
        private static func connected(_ endpoint: String) throws -> WorkerConnection {
            let connection = try opened(endpoint)
            try awaitConnection(connection)
            return connection
        }

        /// A run that ends with `body`, in which a connection to it is used.
        private func duringRun(at endpoint: String, _ body: @escaping @Sendable () throws -> Void) throws {
            let run = try LocalRun(endpoint: endpoint, jobs: try TestData.jobs(1), workers: 0)
            let handle = run.handle
            let thread = TestThread {
                do { try body() } catch { Issue.record(error) }
                handle.stop("Enough.")
            }
            _ = try run.finish()
            thread.join()
        }

        /// Waits for what `isThere` looks for, 20 seconds at most.
        private static func wait(for connection: WorkerConnection, _ isThere: (WorkerConnection.Readiness) throws -> Bool) throws {
            let end = ContinuousClock.now + .seconds(20)
            while ContinuousClock.now < end {
                if try isThere(connection.wait(isAwaited: connection.line == nil, descriptors: [], timeout: 100)) { return }
            }
            throw TransportError(description: "What was waited for did not come.")
        }

        private static func awaitConnection(_ connection: WorkerConnection) throws { try wait(for: connection) { $0.isConnected } }

        /// The coordinator's answer to a worker's HELLO.
        private static func answer(to connection: WorkerConnection) throws -> CoordinatorMessage? {
            let introduction = WorkerIntroduction(
                profile: TrainingProtocol.profile, instructionSet: "test", host: "there", processID: 1, slots: 2)
            #expect(try connection.send(WorkerMessage.hello(introduction).frames()))
            var answer: CoordinatorMessage?
            try wait(for: connection) { _ in
                switch try connection.receive() {
                case .nothing: return false
                case .message(let frames): answer = try CoordinatorMessage(frames: frames)
                case .ahead, .released, .unreadable, .end: break
                }
                return true
            }
            return answer
        }

        private static func expectWelcome(_ connection: WorkerConnection) throws {
            guard case .welcome? = try answer(to: connection) else {
                Issue.record("no WELCOME came")
                return
            }
        }

        @Test("A coordinator on this machine is reached by a direct line")
        func direct() throws {
            let endpoint = endpoint
            try duringRun(at: endpoint) {
                let connection = try Self.connected(endpoint)
                #expect(connection.line != nil)
                try Self.expectWelcome(connection)
            }
        }

        @Test("A worker that was there first takes a direct line too")
        func early() throws {
            nonisolated(unsafe) let connection = try Self.opened(endpoint)
            #expect(try !connection.wait(isAwaited: true, descriptors: [], timeout: 0).isConnected)
            #expect(connection.line == nil)
            try duringRun(at: endpoint) {
                try Self.awaitConnection(connection)
                #expect(connection.line != nil)
                try Self.expectWelcome(connection)
            }
        }

        @Test("Where the path is too long for a direct line's beside it, ZeroMQ connects")
        func longPath() throws {
            let path = endpoint + String(repeating: "x", count: Endpoint.longestPath - endpoint.utf8.count + "ipc://".count)
            try duringRun(at: path) {
                let connection = try Self.connected(path)
                #expect(connection.line == nil)
                try Self.expectWelcome(connection)
            }
        }

        @Test("A coordinator that gives no direct line is reached by ZeroMQ")
        func refused() throws {
            let endpoint = endpoint
            let path = try #require(try Endpoint(endpoint).directPath)
            try duringRun(at: endpoint) {
                // Something else has taken the path.
                unlink(path)
                let listener = message_socket_listen(path)
                defer { close(listener) }
                let connection = try Self.opened(endpoint)
                close(message_socket_accept(listener))
                try Self.awaitConnection(connection)
                #expect(connection.line == nil)
                try Self.expectWelcome(connection)
            }
        }

        @Test("A coordinator's end ends the line, and nothing is sent by it any more")
        func ended() throws {
            nonisolated(unsafe) let connection = try Self.opened(endpoint)
            try duringRun(at: endpoint) { try Self.awaitConnection(connection) }
            try Self.wait(for: connection) { $0.isReadable }
            guard case .end = try connection.receive() else {
                Issue.record("the line has not ended")
                return
            }
            #expect(try !connection.send([Frame(bytes: [1])]))
            guard case .nothing = try connection.receive() else {
                Issue.record("something arrived")
                return
            }
        }

        @Test("A path where a coordinator was killed is used again")
        func abandoned() throws {
            let path = try #require(try Endpoint(endpoint).directPath)
            close(message_socket_listen(path))
            let endpoint = endpoint
            try duringRun(at: endpoint) {
                let connection = try Self.connected(endpoint)
                #expect(connection.line != nil)
            }
            #expect(access(path, F_OK) == -1)
        }
    }
#endif
