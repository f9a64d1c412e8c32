import Processes
import TestSupport
import Testing

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// All tests with real processes, one after the other: they share the machine's cores.
@Suite(.serialized) struct EndToEnd {}

/// The document `results.json`, as far as it is promised.
struct Results: Decodable, Hashable {
    struct Dataset: Decodable, Hashable {
        let name: String
        let sha256: String
    }
    struct Experiment: Decodable, Hashable {
        let name: String
        let parameters: Int
        let parameterChange: Int?
        let valAccuracyChange: Double?
        let runs: [Run]
    }
    struct Run: Decodable, Hashable {
        let seed: UInt64
        let bestValAccuracy: Double
        let testAccuracy: Double
        let testLoss: Double?
        let weightsSha256: String
        let confusionMatrix: [[Int]]
        let epochs: [Epoch]
    }
    struct Epoch: Decodable, Hashable {
        let epoch: Int
        let trainLoss: Double?
        let trainAccuracy: Double
        let valAccuracy: Double
    }

    let study: String
    let dataset: Dataset
    let workers: Int
    let wallSeconds: Double
    let experiments: [Experiment]

    init(json: String) throws {
        let decoder = JSONDecoder()
        decoder.keyDecodingStrategy = .convertFromSnakeCase
        self = try decoder.decode(Results.self, from: Data(json.utf8))
    }

    /// Digests of the final weights by experiment.
    var weights: [String: String] {
        let runs = experiments.flatMap { experiment in experiment.runs.map { ("\(experiment.name)/\($0.seed)", $0.weightsSha256) } }
        return Dictionary(uniqueKeysWithValues: runs)
    }
}

/// What most tests train, in well under a second: one epoch of the experiment with 2,000 images.
let shortStudy = ["--data", "synthetic", "--only", "less-data", "--epochs", "1"]

/// Long enough for something to happen in the middle.
let longStudy = ["--data", "synthetic", "--only", "less-data", "--epochs", "30"]

/// Variables of whoever runs the tests that must not decide on their outcome.
let neutral: [String: String?] = ["MINISHARD_DATA": nil, "NO_COLOR": "1"]

/// Starts Minishard.
func minishard(
    _ arguments: [String], binary: String = TestEnvironment.minishard, environment: [String: String] = [:],
    in directory: TemporaryDirectory? = nil,
    limit: Duration = .seconds(60)
) throws -> Program {
    try Program(binary, arguments, environment: neutral.merging(environment) { $1 }, in: directory, limit: limit)
}

/// Runs a study to its end with workers of its own, and returns its results.
func results(of options: [String], binary: String = TestEnvironment.minishard) async throws -> Results {
    try await results(of: minishard(["study"] + options + ["--json"], binary: binary))
}

/// The results that a program started with `--json` prints.
func results(of study: Program, sourceLocation: SourceLocation = #_sourceLocation) async throws -> Results {
    let finished = try await study.finish()
    try #require(finished.status == .exited(0), "\(finished.errors)", sourceLocation: sourceLocation)
    return try Results(json: finished.output)
}

/// Results that every run of their options must repeat, trained once: with one worker of the study's own.
actor Reference {
    static let short = Reference(shortStudy)
    static let long = Reference(longStudy)
    static let all = Reference(["--data", "synthetic", "--epochs", "1"])

    private let options: [String]
    private var training: Task<Results, any Error>?

    init(_ options: [String]) { self.options = options }

    /// The digests of the final weights by experiment.
    var weights: [String: String] {
        get async throws {
            let training = training ?? Task { [options] in try await results(of: options + ["--workers", "1"]) }
            self.training = training
            return try await training.value.weights
        }
    }
}

/// Expects a program to have refused its input: with this exit code, with these texts on standard error, and without a word on standard output.
func expectRefusal(
    _ finished: FinishedProgram, code: Int32, saying texts: String..., sourceLocation: SourceLocation = #_sourceLocation
) {
    #expect(finished.status == .exited(code), "\(finished.errors)", sourceLocation: sourceLocation)
    #expect(finished.output == "", sourceLocation: sourceLocation)
    for text in texts { #expect(finished.errors.contains(text), sourceLocation: sourceLocation) }
    for text in ["Fatal error", "Swift runtime", "Backtrace"] { #expect(!finished.errors.contains(text), sourceLocation: sourceLocation) }
}

/// The endpoint that a coordinator says it listens on.
func endpoint(of coordinator: Program) async throws -> String {
    let line = try await coordinator.line(containing: "listening on ")
    return try String(#require(line.split(separator: " ").last))
}
