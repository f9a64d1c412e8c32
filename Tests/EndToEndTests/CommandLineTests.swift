import Processes
import TestSupport
import Testing

extension EndToEnd {
    /// Commands, options, their help, and what is said of wrong ones.
    @Suite struct CommandLineTests {
        private static let dataOptions = ["--data", "--seed"]
        private static let studyOptions =
            dataOptions + runOptions + ["--epochs", "--only", "--out", "--accept-profile"]
        private static let runOptions = [
            "--json", "--quiet", "--listen", "--checkpoint-interval", "--trace", "--patience", "--audit-share",
        ]

        @Test(arguments: [
            ("study", studyOptions + ["--workers"]), ("coordinator", studyOptions),
            ("simulate", ["--seeds", "--first", "--trace"]), ("resume", ["--data", "--workers"] + runOptions),
            ("worker", ["--connect", "--workers", "--instruction-set", "--give-up-after", "--quiet", "--trace"]), ("samples", dataOptions),
            ("verify", ["--data", "--experiment", "--seed", "--step", "--epoch"]), ("bench kernels", ["--instruction-set", "--json"]),
        ])
        func everyOptionExplainsItself(command: String, options: [String]) async throws {
            let finished = try await minishard(command.split(separator: " ").map(String.init) + ["--help"]).finish()
            #expect(finished.status == .exited(0))
            #expect(finished.errors == "")
            #expect(finished.output.contains("OVERVIEW: "))
            let lines = finished.output.split(separator: "\n")
            for option in options {
                let index = try #require(lines.firstIndex { $0.hasPrefix("  \(option)") }, "\(command) --help lacks \(option)")
                let explanation = lines[index...].prefix(2).joined(separator: " ").split(separator: " ").dropFirst(2)
                #expect(explanation.count >= 3, "\(command) \(option) is not explained: \(lines[index])")
            }
            let named = lines.filter { $0.hasPrefix("  --") }.compactMap { $0.split(separator: " ").first.map(String.init) }
            #expect(Set(named) == Set(options + ["--version"]), "this test knows all options")
        }

        @Test func theProgramExplainsItself() async throws {
            let finished = try await minishard(["--help"]).finish()
            #expect(finished.status == .exited(0))
            for command in ["study", "coordinator", "worker", "resume", "verify", "samples", "bench"] {
                #expect(finished.output.contains("\n  \(command) "))
            }
            let version = try await minishard(["--version"]).finish()
            #expect(version.status == .exited(0))
            #expect(version.output.wholeMatch(of: /\d+\.\d+\.\d+\n/) != nil)
        }

        @Test(arguments: [
            (["study", "--only", "dropuot"], "Did you mean 'dropout'?"), (["study", "--only", ","], "baseline, more-channels"),
            (["study", "--epochs", "0"], "--epochs"), (["study", "--epochs", "many"], "--epochs"),
            (["study", "--workers", "-1"], "--workers"),
            (["study", "--workers", "0"], "--listen"), (["study", "--seed", "-5"], "--seed"), (["study", "--colour"], "--colour"),
            (["study", "extra"], "extra"), (["study", "--listen", "udp://127.0.0.1:1", "--data", "synthetic"], "udp://127.0.0.1:1"),
            (["study", "--listen", "tcp://127.0.0.1", "--data", "synthetic"], "port"), (["coordinator"], "--listen"),
            (["study", "--checkpoint-interval", "-1"], "--checkpoint-interval"),
            (["study", "--patience", "-1"], "--patience"), (["study", "--patience", "nan"], "--patience"),
            (["study", "--audit-share", "1.5"], "--audit-share"), (["study", "--audit-share", "nan"], "--audit-share"),
            (["study", "--checkpoint-interval", "never"], "--checkpoint-interval"), (["resume"], "directory"),
            (["resume", "absent", "--workers", "0"], "--listen"),
            (["worker"], "--connect"),
            (["worker", "--connect", "somewhere"], "somewhere is no endpoint"), (["worker", "--connect", "tcp://host:99999"], "99999"),
            (["worker", "--connect", "ipc://x", "--workers", "0"], "--workers"),
            (["worker", "--connect", "ipc://x", "--give-up-after", "-1"], "--give-up-after"),
            (["worker", "--connect", "ipc://x", "--instruction-set", "mmx"], "mmx"), (["train"], "train"),
        ])
        func wrongUsage(arguments: [String], text: String) async throws {
            let program = try minishard(arguments)
            expectRefusal(try await program.finish(), code: 64, saying: text, "Usage:")
            #expect(try program.directory.files() == [])
        }

        @Test func quietStudyPrintsResultsAlone() async throws {
            let finished = try await minishard(["study"] + shortStudy + ["--workers", "1", "--quiet"]).finish()
            #expect(finished.status == .exited(0))
            #expect(finished.errors == "")
            #expect(!finished.output.contains("Epoch"))
            #expect(finished.output.contains("Less data (2,000 images)"))
        }

        @Test func studyPrintsEpochsTableAndAnalysis() async throws {
            let study = try minishard(["study", "--data", "synthetic", "--epochs", "1", "--only", "baseline,less-data"])
            let finished = try await study.finish()
            #expect(finished.status == .exited(0))
            for text in [
                "Batch shape: images [64, 1, 28, 28]", "Logits shape: [64, 10]", "Total parameters: 32,618", "Trainable parameters: 32,618",
                "baseline  | Epoch 01 | train_loss=", "less-data | Epoch 01 | train_loss=", "| Best validation accuracy: ", "| Test loss: ",
                "| Weights SHA-256: ", "Experiment ", "Param Change", "Val Acc Change", "Baseline ", "Less data (2,000 images):",
                "Results: runs/",
            ] { #expect(finished.output.contains(text), "\(text)") }
            #expect(finished.errors.split(separator: "\n").allSatisfy { $0.hasPrefix("minishard: ") })
            let files = try study.directory.files()
            #expect(files.contains { $0.wholeMatch(of: /runs\/\d{4}-\d\d-\d\d-\d{6}-notebook\/results\.json/) != nil }, "\(files)")
        }

        @Test func samplesAreDrawn() async throws {
            let finished = try await minishard(["samples", "--data", "synthetic"]).finish()
            #expect(finished.status == .exited(0))
            #expect(finished.errors == "")
            #expect(finished.output.split(separator: "\n").count > 14)
            let other = try await minishard(["samples", "--data", "synthetic", "--seed", "1"]).finish()
            #expect(other.output != finished.output)
        }
    }
}
