import Fuzzing
import Processes
import TestSupport
import Testing

/// The fuzzer as a program: what it reports, and on a few thousand cases of every target that there is nothing to report.
@Suite struct FuzzerTests {
    /// The targets, and how many cases of each run here.
    private static let targets: [(target: String, cases: Int)] = [
        ("worker-messages", 4000), ("coordinator-messages", 4000), ("json", 4000), ("safetensors", 4000), ("idx-images", 3000),
        ("idx-labels", 3000), ("datasets", 500), ("coordinator", 300), ("worker", 1500), ("direct-messages", 4000),
        ("message-queues", 4000), ("checkpoints", 600), ("run-record", 4000), ("chain", 4000),
    ]

    @Test("No damaged input crashes anything or breaks a property", arguments: targets)
    func shortForm(target: String, cases: Int) async throws {
        let finished = try await fuzz(["--target", target, "--cases", "\(cases)", "--seed", "20"])
        try #require(finished.status == .exited(0), "\(finished.output)\(finished.errors)")
        let words = try #require(finished.output.split(separator: "\n").last { $0.hasPrefix("all ") }).split(separator: " ")
        let (accepted, refused) = (try #require(Int(words[3])), try #require(Int(words[5])))
        #expect(accepted + refused == cases)
        // Both must occur, or the inputs are too tame or too wild to test anything.
        #expect(accepted > cases / 25)
        #expect(refused > cases / 25)
    }

    @Test("The short form has every target")
    func everyTarget() async throws {
        let finished = try await fuzz(["--list"])
        #expect(finished.output.split(separator: "\n").map(String.init) == Self.targets.map(\.target))
    }

    @Test(
        "A fault is told with the case that led to it, and found again by it",
        arguments: [PlantedFault.crash, .memory, .time, .finding])
    func plantedFault(_ fault: PlantedFault) async throws {
        let failures = try TemporaryDirectory()
        let finished = try await fuzz(["--target", fault.name, "--cases", "5000", "--seed", "3", "--failures", failures.path])
        #expect(finished.status == .exited(1))
        let words = try #require(finished.output.split(separator: "\n").first { $0.hasPrefix("Again: ") }).split(separator: " ")
        #expect(words.dropFirst() == ["scripts/fuzz", "--reproduce", fault.name[...], "3", words[5]])
        // What the case's input was, as a human can read it: the first byte is one of those that lead to the fault.
        let inputs = try failures.text("fuzz-\(fault.name)-3-\(words[5]).txt")
        #expect(inputs.hasPrefix("input: 1 frames\n  0: 4 bytes 0"))

        let again = try await fuzz(["--reproduce", fault.name, "3", String(words[5])])
        #expect(again.status != .exited(0))
        let other = try await fuzz(["--reproduce", fault.name, "4", "0"])
        #expect(other.status == .exited(0))
    }

    @Test(
        "Wrong options are told",
        arguments: [
            ["--cases", "0"], ["--target", "abacus"], ["--reproduce", "json", "1"], ["--reproduce", "json", "1", "x"], ["--first", "0"],
        ])
    func wrongOptions(_ options: [String]) async throws {
        let finished = try await fuzz(options)
        #expect(finished.status == .exited(64))
        #expect(finished.errors.hasPrefix("Error: "))
    }

    private func fuzz(_ options: [String]) async throws -> FinishedProgram {
        try await run(TestEnvironment.fuzzer, options, limit: .seconds(240))
    }
}
