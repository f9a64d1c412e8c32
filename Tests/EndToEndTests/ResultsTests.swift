import Processes
import TestSupport
import Testing

extension EndToEnd {
    /// What a study prints and leaves behind.
    @Suite struct ResultsTests {
        private static let experiments = ["baseline", "more-channels", "larger-kernel", "dropout", "less-data"]
        private static let stepsPerEpoch = ["less-data": 32]

        /// The study that these tests look at, trained once.
        private static let study = Task {
            let study = try minishard(["study", "--data", "synthetic", "--epochs", "2", "--out", "results", "--json"])
            let finished = try await study.finish()
            try #require(finished.status == .exited(0), "\(finished.errors)")
            return (directory: study.directory, finished)
        }

        @Test func document() async throws {
            let (directory, finished) = try await Self.study.value
            #expect(finished.output == (try directory.text("results/results.json")))
            try expectSane(Results(json: finished.output), epochs: 2)
        }

        @Test func progressAndLogsStayOffStandardOutput() async throws {
            let (_, finished) = try await Self.study.value
            for name in Self.experiments {
                let lines = finished.errors.split(separator: "\n").filter { $0.hasPrefix(name) }
                #expect(lines.count == 6)
                let form = /[a-z-]+ +\| Epoch 0[12] \| train_loss=\d\.\d{4} \| train_acc=[01]\.\d{4} \| val_acc=[01]\.\d{4}/
                #expect(lines.prefix(2).allSatisfy { $0.wholeMatch(of: form) != nil })
            }
        }

        @Test func files() async throws {
            let (directory, _) = try await Self.study.value
            let runFiles = ["best.safetensors", "chain.csv", "confusion-matrix.svg", "epochs.csv", "final.safetensors", "steps.csv"]
            let expected =
                ["results.csv", "results.json", "run.json", "samples.svg"]
                + Self.experiments.flatMap { name in runFiles.map { "\(name)/seed-42/\($0)" } }
            #expect(try directory.files(in: "results") == expected.sorted())
            for name in Self.experiments {
                let steps = try directory.text("results/\(name)/seed-42/steps.csv").split(separator: "\n")
                #expect(steps.count == 1 + 2 * (Self.stepsPerEpoch[name] ?? 157))
                #expect(steps.first == "step,loss")
                #expect(steps.dropFirst().allSatisfy { (Float($0.split(separator: ",")[1]) ?? -1) >= 0 })
                let chain = try directory.text("results/\(name)/seed-42/chain.csv").split(separator: "\n")
                #expect(chain.count == steps.count + 1 && Set(chain).count == chain.count)
                let epochs = try directory.text("results/\(name)/seed-42/epochs.csv").split(separator: "\n")
                #expect(epochs.count == 3)
            }
            #expect(try directory.text("results/results.csv").split(separator: "\n").count == 6)
        }

        /// Other people's readers take the weights and the drawings: `safetensors` finds PyTorch's names and shapes, and in that order the bytes whose digest
        /// the results name; the drawings are XML.
        @Test(.enabled(if: TestEnvironment.python != nil, "\(TestEnvironment.noPython)"))
        func othersReadWeightsAndDrawings() async throws {
            let (directory, _) = try await Self.study.value
            let python = try #require(TestEnvironment.python)
            let script = """
                import glob, hashlib, json, sys, xml.etree.ElementTree
                from safetensors.numpy import load_file
                kernels = {"larger-kernel": 5}
                channels = {"more-channels": (16, 32)}
                results = json.load(open("results/results.json"))
                for experiment in results["experiments"]:
                    name = experiment["name"]
                    folder = f"results/{name}/seed-42"
                    c1, c2 = channels.get(name, (8, 16))
                    k = kernels.get(name, 3)
                    shapes = {"conv1.weight": (c1, 1, k, k), "conv1.bias": (c1,), "conv2.weight": (c2, c1, k, k), "conv2.bias": (c2,),
                              "fc.weight": (10, c2 * 14 * 14), "fc.bias": (10,)}
                    for file in ["final", "best"]:
                        weights = load_file(f"{folder}/{file}.safetensors")
                        assert {name: tensor.shape for name, tensor in weights.items()} == shapes, (name, file)
                        assert all(tensor.dtype == "float32" for tensor in weights.values()), (name, file)
                        if file == "final":
                            digest = hashlib.sha256(b"".join(weights[name].tobytes() for name in shapes)).hexdigest()
                            assert digest == experiment["runs"][0]["weights_sha256"], (name, digest)
                drawings = glob.glob("**/*.svg", recursive=True)
                assert len(drawings) == 6, drawings
                for drawing in drawings:
                    assert xml.etree.ElementTree.parse(drawing).getroot().tag == "{http://www.w3.org/2000/svg}svg", drawing
                """
            let finished = try await run(python, ["-c", script], in: directory)
            #expect(finished.status == .exited(0), "\(finished.errors)")
        }

        private func expectSane(_ results: Results, epochs: Int) throws {
            #expect(results.study == "notebook")
            #expect(results.dataset.name.contains("synthetic"))
            #expect(results.dataset.sha256 == "587041071db11f49180a6c4573d9280ab1c8ab0d9853f48b31cf2758cf8b969e")
            #expect(results.workers >= 1)
            #expect(results.wallSeconds > 0 && results.wallSeconds < 60)
            #expect(results.experiments.map(\.name) == Self.experiments)
            #expect(results.experiments.map(\.parameters) == [32_618, 67_530, 34_794, 32_618, 32_618])
            #expect(results.experiments.map(\.parameterChange) == [0, 34_912, 2_176, 0, 0])
            let baseline = try #require(results.experiments.first?.runs.first)
            for experiment in results.experiments {
                #expect(experiment.runs.map(\.seed) == [42])
                for run in experiment.runs {
                    #expect(run.epochs.map(\.epoch) == Array(1...epochs))
                    #expect(run.epochs.map(\.valAccuracy).max() == run.bestValAccuracy)
                    #expect(experiment.valAccuracyChange == run.bestValAccuracy - baseline.bestValAccuracy)
                    #expect((0.7...1).contains(run.testAccuracy) && (0.7...1).contains(run.bestValAccuracy))
                    #expect(run.confusionMatrix.count == 10 && run.confusionMatrix.allSatisfy { $0.count == 10 })
                    #expect(run.confusionMatrix.joined().reduce(0, +) == 2_000)
                    let correct = run.confusionMatrix.indices.reduce(0) { $0 + run.confusionMatrix[$1][$1] }
                    #expect(Double(correct) / 2_000 == run.testAccuracy)
                    #expect(run.weightsSha256.count == 64 && run.weightsSha256.allSatisfy { $0.isHexDigit })
                }
            }
        }
    }
}
