import Datasets
import Processes
import TestSupport
import Testing

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

extension EndToEnd {
    /// What is trained on.
    @Suite struct DataTests {
        /// A cache with nothing in it and a mirror that nobody serves.
        private static let offline = ["MINISHARD_CACHE": "cache", "MINISHARD_MNIST_MIRRORS": "http://127.0.0.1:9/"]

        @Test func withoutNetworkNobodyOverlooksTheSyntheticDigits() async throws {
            let study = try minishard(
                ["study", "--only", "less-data", "--epochs", "1", "--workers", "1", "--quiet", "--out", "out"], environment: Self.offline)
            let finished = try await study.finish()
            #expect(finished.status == .exited(0))
            #expect(finished.errors.contains("SYNTHETIC DIGITS, NOT MNIST"))
            #expect(finished.output.contains("synthetic digits"))
            #expect(try Results(json: study.directory.text("out/results.json")).dataset.name.contains("synthetic digits"))
        }

        @Test func withoutNetworkMNISTIsRefusedIfInsistedOn() async throws {
            let finished = try await minishard(["study", "--data", "mnist", "--out", "out"], environment: Self.offline).finish()
            expectRefusal(finished, code: 1, saying: "127.0.0.1:9")
        }

        @Test func theEnvironmentNamesTheData() async throws {
            let study = try minishard(
                ["study", "--only", "less-data", "--epochs", "1", "--workers", "1", "--json"], environment: ["MINISHARD_DATA": "synthetic"])
            #expect(try await results(of: study).weights == Reference.short.weights)
        }

        /// Trained on drawn digits, tested on written ones.
        @Test(.enabled(if: TestEnvironment.mnist != nil, "\(TestEnvironment.noMNIST)"))
        func syntheticDigitsTeachToReadMNIST() async throws {
            let directory = try TemporaryDirectory()
            let digits = SyntheticDigits.dataset().train
            let count = UInt32(digits.count)
            try directory.write(DataFiles.header([count, 28, 28]) + digits.pixels, to: "train-images-idx3-ubyte")
            try directory.write(DataFiles.header([count]) + digits.labels, to: "train-labels-idx1-ubyte")
            let mnist = try #require(TestEnvironment.mnist)
            for name in try FileManager.default.contentsOfDirectory(atPath: mnist) where name.hasPrefix("t10k") {
                try FileManager.default.createSymbolicLink(atPath: directory(name), withDestinationPath: "\(mnist)/\(name)")
            }
            let study = try minishard(["study", "--data", directory.path, "--only", "baseline", "--json"])
            let accuracy = try #require(try await results(of: study).experiments.first?.runs.first?.testAccuracy)
            #expect(accuracy >= 0.8)
        }

        /// The mean and the standard deviation of PyTorch's accuracies over ten seeds.
        private static let pyTorch:
            [(experiment: String, best: (mean: Double, deviation: Double), test: (mean: Double, deviation: Double))] = [
                ("baseline", (0.9673, 0.0028), (0.9554, 0.0048)), ("more-channels", (0.9577, 0.0154), (0.9475, 0.0160)),
                ("larger-kernel", (0.9635, 0.0053), (0.9541, 0.0053)), ("dropout", (0.9685, 0.0034), (0.9604, 0.0041)),
                ("less-data", (0.9375, 0.0062), (0.9222, 0.0053)),
            ]

        @Test(.enabled(if: TestEnvironment.mnist != nil, "\(TestEnvironment.noMNIST)"))
        func accuraciesOnMNISTLieWithinPyTorchsSpread() async throws {
            let mnist = try #require(TestEnvironment.mnist)
            let results = try await results(of: minishard(["study", "--data", mnist, "--json"], limit: .seconds(120)))
            #expect(results.dataset.name == "mnist")
            #expect(results.experiments.count == Self.pyTorch.count)
            for (experiment, reference) in zip(results.experiments, Self.pyTorch) {
                #expect(experiment.name == reference.experiment)
                let run = try #require(experiment.runs.first)
                // Four standard deviations: a sound program fails once in some thousand changes of its arithmetic.
                #expect(abs(run.bestValAccuracy - reference.best.mean) < 4 * reference.best.deviation, "\(experiment.name)")
                #expect(abs(run.testAccuracy - reference.test.mean) < 4 * reference.test.deviation, "\(experiment.name)")
            }
        }
    }
}
