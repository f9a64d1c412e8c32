import CNNCore
import Coordinator
import Studies
import Testing

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

struct StudyResultsTests {
    private static let dataset = blankDataset(height: 2, width: 2)

    /// A run that ended with some accuracies: `best` in its first epoch, `best - 0.5` in its second.
    private static func run(_ experiment: String, seed: UInt64, best: Double, loss: Double = 0.25) throws -> FinishedRun {
        let job = try #require(try Study.notebook.selecting(experiment).jobs(on: dataset, seeds: [seed], epochs: 2).first)
        let epochs = [best, best - 0.5].enumerated().map {
            EpochRecord(epoch: $0.offset + 1, trainLoss: loss, trainAccuracy: 0.5, validationLoss: 0.125, validationAccuracy: $0.element)
        }
        let outcome = TrainingOutcome(
            epochs: epochs, stepLosses: [], testLoss: loss, confusionMatrix: [[3, 1], [0, 4]], finalParameters: [1, -2.5],
            bestParameters: [], chain: StepChain(origin: [], links: []))
        return FinishedRun(job: job, outcome: outcome)
    }

    private static func results(_ runs: [FinishedRun], study: Study = .notebook) -> StudyResults {
        StudyResults(study: study, dataset: dataset, version: "1.2.3", workers: 3, wallSeconds: 1.5, runs: runs)
    }

    @Test func putsRunsInOrderHoweverTheyFinished() throws {
        let runs = try [
            Self.run("dropout", seed: 9, best: 0.75), Self.run("baseline", seed: 11, best: 0.5), Self.run("dropout", seed: 11, best: 0.625),
            Self.run("baseline", seed: 9, best: 0.625),
        ]
        let results = Self.results(runs)
        #expect(results == Self.results(runs.reversed()))
        #expect(results.experiments.map(\.name) == ["baseline", "dropout"])
        #expect(results.experiments.map { $0.runs.map(\.seed) } == [[9, 11], [9, 11]])
        #expect(results.experiments.map(\.valAccuracyChange) == [0, 0.125])
    }

    @Test func changesPairSeedsThatBothHave() throws {
        let results = try Self.results([
            Self.run("baseline", seed: 1, best: 0.5), Self.run("baseline", seed: 2, best: 0.75),
            Self.run("more-channels", seed: 2, best: 1),
            Self.run("more-channels", seed: 3, best: 0), Self.run("dropout", seed: 3, best: 0.5),
        ])
        #expect(results.experiments.map(\.valAccuracyChange) == [0, 0.25, nil])
        let model = try #require(results.experiments.first { $0.name == "more-channels" })
        #expect(model.parameterChange == model.parameters - results.experiments[0].parameters)
        #expect(model.changes == "16 and 32 channels instead of 8 and 16")
    }

    @Test func documentHasEveryKeyAndNullsWhereNothingIsKnown() throws {
        let study = try Study.notebook.selecting("dropout")
        let results = Self.results([try Self.run("dropout", seed: 42, best: 0.9375, loss: .nan)], study: study)
        let data = try JSONEncoder().encode(results)
        #expect(try JSONDecoder().decode(StudyResults.self, from: data) == results)
        let text = String(decoding: data, as: UTF8.self)
        for expected in [
            #""study":"notebook""#, #""name":"blank""#, #""workers":3"#, #""wall_seconds":1.5"#, #""parameter_change":null"#,
            #""val_accuracy_change":null"#, #""changes":null"#, #""seed":42"#, #""best_val_accuracy":0.9375"#, #""best_epoch":1"#,
            #""test_accuracy":0.875"#, #""test_loss":null"#, #""train_loss":null"#, #""val_loss":0.125"#,
            #""confusion_matrix":[[3,1],[0,4]]"#,
            #""weights_sha256":"\#(weightsSHA256([1, -2.5]))""#, #""train_accuracy":0.5"#, #""val_accuracy":0.9375"#, #""epoch":2"#,
        ] {
            #expect(text.contains(expected), "\(expected) is missing in \(text)")
        }
    }

    /// Digests of Python's `hashlib.sha256(struct.pack("<2f", 1.0, -2.5))` and of nothing.
    @Test func weightsDigestIsThatOfLittleEndianFloats() {
        #expect(littleEndianBytes([1, -2.5]) == [0, 0, 0x80, 0x3F, 0, 0, 0x20, 0xC0])
        #expect(weightsSHA256([1, -2.5]) == "48943f7a0ea247f8e3c9386d0c5822fe181d323a9289980426638cc4e72a43e1")
        #expect(weightsSHA256([]) == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855")
    }
}
