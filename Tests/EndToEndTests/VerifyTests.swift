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
    /// What a run's directory says is found to be right when it is, and wrong when anything of it was changed.
    @Suite struct VerifyTests {
        private static let job = "less-data, seed 42: "
        private static let folder = "out/less-data/seed-42"

        /// A run of two epochs of 32 steps, trained once; each test damages and mends it.
        private static let run = Task {
            let study = try minishard(["study", "--data", "synthetic", "--only", "less-data", "--epochs", "2", "--out", "out"])
            let finished = try await study.finish()
            try #require(finished.status == .exited(0), "\(finished.errors)")
            return study.directory
        }

        private func verify(_ options: [String] = [], in directory: TemporaryDirectory) async throws -> FinishedProgram {
            try await minishard(["verify", "out"] + options, in: directory).finish()
        }

        @Test func soundRunIsVerified() async throws {
            let directory = try await Self.run.value
            let digest = try #require(try Results(json: directory.text("out/results.json")).weights["less-data/42"])
            let whole = try await verify(in: directory)
            #expect(whole.status == .exited(0), "\(whole.errors)")
            #expect(
                whole.output
                    == Self.job + "all 64 steps and all files are what its training gives; weights SHA-256 \(digest).\n"
                    + "results.csv and results.json are what these runs come to.\n")
            let link = try #require(try directory.text("\(Self.folder)/chain.csv").split(separator: "\n")[34].split(separator: ",").last)
            let step = try await verify(["--step", "33", "--experiment", "less-data", "--seed", "42"], in: directory)
            #expect(step.output == Self.job + "step 33 is what its training gives: link \(link).\n")
            let epoch = try await verify(["--epoch", "2"], in: directory)
            #expect(epoch.status == .exited(0))
            #expect(
                epoch.output.hasPrefix(Self.job + "epoch 2 is what its training gives, each step and each figure: Epoch 02 | train_loss="))
        }

        /// Damages of a file: how, and what is said of it.
        private struct Damage: Sendable, CustomTestStringConvertible {
            let file: String
            let sentence: String
            let change: @Sendable ([UInt8]) -> [UInt8]
            var options: [String] = []
            var testDescription: String { sentence }

            /// Another digit in a line, from 1, at a place from its end.
            init(_ file: String, line: Int, fromEnd place: Int = 1, _ sentence: String, _ options: [String] = []) {
                self.init(file, sentence, options) { bytes in
                    var lines = bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false).map { Array($0) }
                    let index = lines[line - 1].count - place
                    lines[line - 1][index] = lines[line - 1][index] == UInt8(ascii: "0") ? UInt8(ascii: "1") : UInt8(ascii: "0")
                    return Array(lines.joined(separator: [UInt8(ascii: "\n")]))
                }
            }

            init(_ file: String, _ sentence: String, _ options: [String] = [], change: @escaping @Sendable ([UInt8]) -> [UInt8]) {
                self.file = file
                self.sentence = sentence
                self.options = options
                self.change = change
            }
        }

        private static let damages = [
            Damage("\(folder)/chain.csv", line: 2, "its record was begun with other data"),
            Damage("\(folder)/chain.csv", line: 3, "step 1 (step 1 of epoch 1) differs: the record's link is "),
            Damage("\(folder)/chain.csv", line: 42, "step 40 (step 8 of epoch 2) differs: the record's link is ", ["--step", "40"]),
            Damage("\(folder)/chain.csv", line: 42, "step 40 (step 8 of epoch 2) differs: the record's link is ", ["--epoch", "2"]),
            Damage("\(folder)/chain.csv", line: 66, "step 64 (step 32 of epoch 2) differs: the record's link is "),
            Damage(
                "\(folder)/chain.csv", line: 66, fromEnd: 66, "Line 66 of out/less-data/seed-42/chain.csv is not one of a chain of steps."),
            Damage("\(folder)/chain.csv", "cut off") { $0.dropLast() },
            Damage("\(folder)/chain.csv", "less-data/seed-42/chain.csv is not what its training gives: it differs in line 66.") {
                $0.dropLast(68)
            },
            Damage("\(folder)/steps.csv", line: 31, "less-data/seed-42/steps.csv is not what its training gives: it differs in line 31."),
            Damage("\(folder)/epochs.csv", line: 3, "less-data/seed-42/epochs.csv is not what its training gives: it differs in line 3."),
            Damage("\(folder)/epochs.csv", line: 3, "the figures of epoch 2 differ: the record has 2,", ["--epoch", "2"]),
            Damage(
                "\(folder)/final.safetensors",
                "less-data/seed-42/final.safetensors is not what its training gives: it differs at byte 70000."
            ) {
                $0.enumerated().map { $0.offset == 70_000 ? $0.element ^ 1 : $0.element }
            },
            Damage("\(folder)/best.safetensors", "less-data/seed-42/best.safetensors is not what its training gives: it differs at byte ") {
                $0.dropLast()
            },
            Damage("out/results.csv", line: 2, "results.csv: NOT VERIFIED"),
            Damage("out/results.json", "results.json: NOT VERIFIED") {
                Array(String(decoding: $0, as: UTF8.self).replacing("\"test_accuracy\": 0.", with: "\"test_accuracy\": 0.9").utf8)
            },
            Damage(
                "out/run.json",
                "its record was begun with other data, another model, another seed or other settings than the run names, or by a release that records steps otherwise."
            ) {
                Array(String(decoding: $0, as: UTF8.self).replacing("\"less-data\"", with: "\"baseline\"").utf8)
            },
        ]

        @Test(arguments: damages)
        private func whatWasChangedIsFound(_ damage: Damage) async throws {
            let directory = try await Self.run.value
            let whole = try directory.bytes(damage.file)
            defer { _ = try? directory.write(whole, to: damage.file) }
            let changed = damage.change(whole)
            #expect(changed != whole)
            try directory.write(changed, to: damage.file)
            // A run that names another experiment has that one's folder.
            let isRenamed = damage.file == "out/run.json"
            if isRenamed { #expect(rename(directory("out/less-data"), directory("out/baseline")) == 0) }
            defer { if isRenamed { _ = rename(directory("out/baseline"), directory("out/less-data")) } }
            let finished = try await verify(damage.options, in: directory)
            #expect(finished.status == .exited(1))
            #expect(
                finished.output.contains("NOT VERIFIED: ") && finished.output.contains(damage.sentence),
                "\(finished.output)\(finished.errors)")
        }

        @Test func whatIsMissingIsNamed() async throws {
            let directory = try await Self.run.value
            let file = "\(Self.folder)/steps.csv"
            let bytes = try directory.bytes(file)
            #expect(unlink(directory(file)) == 0)
            defer { _ = try? directory.write(bytes, to: file) }
            let finished = try await verify(in: directory)
            #expect(finished.status == .exited(1))
            #expect(finished.output == Self.job + "NOT VERIFIED: less-data/seed-42/steps.csv is missing.\n")
        }

        @Test(arguments: [
            (["--data", "."], 1, "was begun on other data: its SHA-256 was 5870"),
            (["--experiment", "dropout"], 1, "has no such part; it has less-data"),
            (["--seed", "1"], 1, "has no such part"), (["--step", "0"], 64, "--step is 0"), (["--epoch", "-1"], 64, "--epoch"),
            (["--step", "1", "--epoch", "1"], 64, "exclude each other"),
        ])
        func wrongQuestions(options: [String], code: Int32, sentence: String) async throws {
            let directory = try await Self.run.value
            try DataFiles().write(to: directory)
            expectRefusal(try await verify(options, in: directory), code: code, saying: sentence)
        }

        @Test(arguments: [["--step", "65"], ["--epoch", "3"]])
        func whatWasNeverTrainedIsNotVerified(_ options: [String]) async throws {
            let finished = try await verify(options, in: try await Self.run.value)
            #expect(finished.status == .exited(1))
            #expect(
                finished.output.contains(
                    "NOT VERIFIED: there is no record of \(options[0].dropFirst(2)) \(options[1]): 64 steps are recorded, 2 whole epochs."))
        }

        /// A run that was interrupted is verified as far as it has come, and a later step from its last checkpoint.
        @Test func interruptedRunIsVerifiedSoFar() async throws {
            let study = try minishard(["study", "--data", "synthetic", "--only", "less-data", "--epochs", "5000", "--out", "out"])
            _ = try await study.line(containing: "| Epoch 02 |", on: .output)
            study.send(SIGINT)
            #expect(try await study.finish().status == .exited(75))
            let whole = try await verify(in: study.directory)
            #expect(whole.status == .exited(0))
            let form = /less-data, seed 42: the (\d+) steps that it has trained so far are what its training gives\.\n/
            let match = try #require(try form.wholeMatch(in: whole.output))
            let steps = try #require(Int(match.1))
            #expect(steps >= 64)
            let last = try await verify(["--step", "\(steps)"], in: study.directory)
            #expect(last.output.hasPrefix(Self.job + "step \(steps) is what its training gives: link "))
            #expect(try await verify(["--epoch", "2"], in: study.directory).status == .exited(0))
        }
    }
}
