import Processes
import TestPeers
import TestSupport
import Testing
import TrainingProtocol

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

extension EndToEnd {
    /// Peers that are no workers, or lie: they are turned away, and what is trained is as without them.
    @Suite struct StrangerTests {
        @Test func bytesThatAreNoZeroMQ() async throws {
            let coordinator = try coordinator()
            let port = try #require(try await UInt16(endpoint(of: coordinator).split(separator: ":").last ?? ""))
            let greeting: [UInt8] = [0xFF] + [UInt8](repeating: 0, count: 8) + [0x7F, 3]
            let messages: [[UInt8]] = [
                [], Array("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n".utf8), greeting, greeting + [UInt8](repeating: 0xAA, count: 1 << 20),
                (0..<100_000).map { UInt8(truncatingIfNeeded: $0 &* 31 ^ $0 >> 7) },
            ]
            // They stay connected while the workers come and train.
            let strangers = try messages.map { message in
                let stranger = try TCPSocket(connectingTo: port)
                stranger.transmit(message)
                return stranger
            }
            try await expectUndisturbed(coordinator)
            withExtendedLifetime(strangers) {}
        }

        @Test func messagesThatAreNotOurs() async throws {
            let coordinator = try coordinator()
            let address = try await endpoint(of: coordinator)
            let messages: [[[UInt8]]] = [
                [[]], [Array("garbage".utf8)], [[UInt8]](repeating: [1, 2, 3], count: 100), [[0xFF, 0xFF, 0xFF, 0xFF, 0xFF]],
                [[UInt8](repeating: 8, count: 1 << 20)],
            ]
            for message in messages {
                try await onThread {
                    let peer = try HandMadePeer(address)
                    for _ in 0..<2 { try peer.send(message) }
                    // When somebody who comes afterwards has an answer, these have none.
                    let next = try HandMadePeer(address)
                    try next.send(.hello(Self.abacus))
                    #expect(try next.receive() != nil)
                    #expect(try peer.receive(within: 0) == nil)
                }
            }
            _ = try await coordinator.line(containing: "is no worker")
            try await expectUndisturbed(coordinator)
        }

        @Test func workersOfAnotherKind() async throws {
            let coordinator = try coordinator()
            let answer = try await answer(toAbacusBy: coordinator)
            guard case .refusal(let sentence) = answer else {
                Issue.record("not refused: \(answer)")
                return
            }
            #expect(sentence.contains("abacus-1"))
            _ = try await coordinator.line(containing: "abacus-1")
            try await expectUndisturbed(coordinator)
        }

        @Test func workersOfAnotherKindWhereTheyAreAccepted() async throws {
            let coordinator = try minishard(
                ["coordinator", "--listen", "tcp://127.0.0.1:*", "--out", "out", "--accept-profile", "abacus-1"] + longStudy)
            try await expectAbacusIsWelcome(to: coordinator)
            // The run knows it when it is continued.
            try await expectAbacusIsWelcome(
                to: minishard(["resume", "out", "--workers", "0", "--listen", "tcp://127.0.0.1:*"], in: coordinator.directory))
        }

        /// Expects a coordinator to take workers of another arithmetic, and to warn of that; ends it.
        private func expectAbacusIsWelcome(to coordinator: Program) async throws {
            _ = try await coordinator.line(containing: "warning: Workers of other arithmetic are taken")
            let answer = try await answer(toAbacusBy: coordinator)
            guard case .welcome = answer else {
                Issue.record("not welcome: \(answer)")
                return
            }
            coordinator.send(SIGTERM)
            #expect(try await coordinator.finish().status == .exited(75))
        }

        /// A worker of another arithmetic.
        private static let abacus = WorkerIntroduction(
            profile: "abacus-1", instructionSet: "beads", host: "elsewhere", processID: 1, slots: 1)

        /// What a coordinator answers such a worker.
        private func answer(toAbacusBy coordinator: Program) async throws -> CoordinatorMessage {
            let address = try await endpoint(of: coordinator)
            let answer = try await onThread {
                let peer = try HandMadePeer(address)
                try peer.send(.hello(Self.abacus))
                return try peer.receive()
            }
            return try #require(answer)
        }

        /// It takes work and returns a gradient of the wrong size.
        @Test func aWorkerThatLies() async throws {
            let coordinator = try coordinator()
            let address = try await endpoint(of: coordinator)
            try await onThread {
                let peer = try HandMadePeer(address)
                let introduction = WorkerIntroduction(
                    profile: TrainingProtocol.profile, instructionSet: "none", host: "elsewhere", processID: 4711, slots: 2)
                try peer.send(.hello(introduction))
                while let message = try peer.receive() {
                    switch message {
                    case .work(let piece):
                        let result = PieceResult(
                            run: piece.run, piece: piece.piece, job: piece.job, step: piece.step, quanta: piece.quanta,
                            parameters: piece.parametersID, lossSum: 1, correct: 0, values: Frame(floats: [Float](repeating: 1, count: 10)))
                        try peer.send(.result(result))
                    case .refusal: return
                    default: continue
                    }
                }
                Issue.record("never refused")
            }
            _ = try await coordinator.line(containing: "Refused worker elsewhere:4711")
            try await expectUndisturbed(coordinator)
        }

        private func coordinator() throws -> Program {
            try minishard(["coordinator", "--listen", "tcp://127.0.0.1:*"] + longStudy + ["--json"])
        }

        /// Expects a coordinator that met strangers to train with workers that come now as if nothing had been.
        private func expectUndisturbed(_ coordinator: Program) async throws {
            let workers = try await minishard(["worker", "--connect", endpoint(of: coordinator), "--workers", "2"])
            #expect(try await results(of: coordinator).weights == Reference.long.weights)
            #expect(try await workers.finish().status == .exited(0))
        }
    }
}
