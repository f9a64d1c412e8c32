import Coordinator
import Datasets
import FileFormats
import Reports
import Studies
import Testing

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

struct WeightsFileTests {
    /// The `safetensors` package of Python reads the run's file and finds every name, shape, element and note.
    @Test(
        .enabled(
            if: ProcessInfo.processInfo.environment["MINISHARD_TEST_PYTHON"] != nil,
            "SKIPPED: set MINISHARD_TEST_PYTHON to a Python that has safetensors and numpy"))
    func pythonReadsIt() throws {
        let python = try #require(ProcessInfo.processInfo.environment["MINISHARD_TEST_PYTHON"])
        let run = try finishedRun("larger-kernel", Scores(validation: [0.5]))
        let weights = Safetensors(
            job: run.job, parameters: run.outcome.finalParameters, epoch: 1, study: "notebook", dataset: smallDataset.name)
        let example = Safetensors(tensors: [
            .init(name: "conv1.weight", shape: [2, 1, 1, 2], elements: [1, -2.5, 0.1, .infinity]),
            .init(name: "empty", shape: [0, 3], elements: []), .init(name: "scalar", shape: [], elements: [7]),
            .init(name: "counts", shape: [3], elements: .uint32([0, 1, .max])),
            .init(name: "flags", shape: [1, 5], elements: .uint8([1, 0, 1, 1, 255])),
            .init(name: "sums", shape: [2], elements: .float64([0.1, -.infinity])),
        ])
        try withTemporaryFolder { folder in
            try writeAtomically(weights.bytes, to: "\(folder)/run.safetensors")
            try writeAtomically(example.bytes, to: "\(folder)/example.safetensors")
            let script = """
                import hashlib, sys
                import numpy
                from safetensors import safe_open
                from safetensors.numpy import load_file
                run = load_file(sys.argv[1] + "/run.safetensors")
                names = ["conv1.weight", "conv1.bias", "conv2.weight", "conv2.bias", "fc.weight", "fc.bias"]
                assert sorted(run) == sorted(names), list(run)
                shapes = [run[name].shape for name in names]
                assert shapes == [(8, 1, 5, 5), (8,), (16, 8, 5, 5), (16,), (2, 16), (2,)], shapes
                assert all(run[name].dtype == numpy.float32 for name in names)
                digest = hashlib.sha256(b"".join(run[name].tobytes() for name in names)).hexdigest()
                assert digest == sys.argv[2], digest
                with safe_open(sys.argv[1] + "/run.safetensors", "np") as file:
                    notes = file.metadata()
                assert notes == {"format": "pt", "experiment": "larger-kernel", "seed": "42", "epoch": "1", "study": "notebook",
                                 "dataset": '<digits>, "A & B"'}, notes
                example = load_file(sys.argv[1] + "/example.safetensors")
                assert example["conv1.weight"].tolist() == [[[[1, -2.5]]], [[[numpy.float32(0.1), numpy.inf]]]]
                assert example["empty"].shape == (0, 3) and example["scalar"] == 7
                types = {name: str(tensor.dtype) for name, tensor in example.items()}
                assert types == {"conv1.weight": "float32", "empty": "float32", "scalar": "float32", "counts": "uint32", "flags": "uint8",
                                 "sums": "float64"}, types
                assert example["counts"].tolist() == [0, 1, 2**32 - 1] and example["flags"].tolist() == [[1, 0, 1, 1, 255]]
                assert example["sums"].tolist() == [0.1, -numpy.inf]
                """
            let digest = weightsSHA256(run.outcome.finalParameters)
            #expect(try runProgram(python, ["-c", script, folder, digest]) == 0)
        }
    }
}
