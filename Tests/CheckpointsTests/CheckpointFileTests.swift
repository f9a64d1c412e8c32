import CNNCore
import Coordinator
import FileFormats
import Processes
import TestSupport
import Testing

@testable import Checkpoints

/// The form of the files: safetensors with a checksum.
struct CheckpointFileTests {
    private static let tensors: [Safetensors.Tensor] = [
        .init(name: "model.conv1.bias", shape: [2], elements: [1, -2.5]),
        .init(name: "generator", shape: [3], elements: .uint32([7, 0, .max])),
        .init(name: "epochs", shape: [1, 2], elements: .float64([0.1, -.infinity])),
        .init(name: "steps.link", shape: [1, 3], elements: .uint8([1, 2, 3])),
    ]
    private static let bytes = CheckpointFile.bytes(tensors: tensors, notes: [.init("run", "17")])

    @Test func readsWhatItWrites() throws {
        let file = try CheckpointFile.parse(Self.bytes)
        #expect(file.tensors == Self.tensors)
        #expect(file.notes.map(\.name) == ["crc32", "run"])
    }

    /// The value that every implementation of CRC-32 gives for these digits.
    @Test func checksumIsTheUsualOne() {
        #expect(Array("123456789".utf8).withUnsafeBytes { crc32($0) } == 0xCBF4_3926)
    }

    @Test func refusesEveryTruncation() {
        for length in 0..<Self.bytes.count {
            let error = #expect(throws: CheckpointError.self) { try CheckpointFile.parse(Array(Self.bytes[..<length])) }
            #expect(error?.description.hasSuffix(".") == true)
        }
    }

    @Test func refusesEveryFlippedBit() {
        for bit in 0..<Self.bytes.count * 8 {
            var flipped = Self.bytes
            flipped[bit / 8] ^= 1 << UInt8(bit % 8)
            #expect(throws: CheckpointError.self, "bit \(bit)") { try CheckpointFile.parse(flipped) }
        }
    }

    /// What a file says of itself goes into sentences for the log: found by the fuzzer, with U+0085 in a note and U+007F among the checksum's digits.
    @Test func whatIsFoundInAFileBreaksNoLine() throws {
        let place = try #require(Self.bytes.firstRange(of: Array("\"crc32\":\"".utf8))).upperBound
        var damaged = Self.bytes
        damaged[place] = 0x7F
        let checksum = #expect(throws: CheckpointError.self) { try CheckpointFile.parse(damaged) }
        #expect(checksum?.description.contains("\u{7F}") == false)
        let jobs = try Training.jobs()
        let label = CheckpointLabel(kind: .state, identity: Training.identity, job: jobs[0])
        let notes = label.notes.map { Safetensors.Note($0.name, $0.name == "experiment" ? "te\u{85}st\u{2028}" : $0.value) }
        let file = try CheckpointReader(CheckpointFile.bytes(tensors: [], notes: notes))
        let error = #expect(throws: CheckpointError.self) { try label.check(file) }
        #expect(error?.description == "Its experiment is te st , and test is needed here.")
    }

    @Test func refusesSafetensorsWithoutAChecksum() {
        let plain = Safetensors(tensors: Self.tensors, notes: [.init("run", "17")]).bytes
        let error = #expect(throws: CheckpointError.self) { try CheckpointFile.parse(plain) }
        #expect(error?.description == "Its header does not begin with a checksum: this is no checkpoint of minishard.")
    }

    /// The `safetensors` package reads a state, and zlib in Python finds its checksum right.
    @Test(.enabled(if: TestEnvironment.python != nil, "\(TestEnvironment.noPython)"))
    func pythonReadsAState() async throws {
        let python = try #require(TestEnvironment.python)
        let jobs = try Training.jobs()
        let state = try #require(try Training.train(jobs, results: 14).states.last { $0.job == 0 }?.state)
        let directory = try TemporaryDirectory()
        let files = try DirectoryFiles(directory("checkpoints"))
        try CheckpointStore(files: files, identity: Training.identity, jobs: jobs).write(state, job: 0)
        let script = """
            import hashlib, json, struct, sys, zlib
            import numpy, xxhash
            from safetensors import safe_open
            from safetensors.numpy import load_file
            path = "checkpoints/job-0.a.safetensors"
            tensors = load_file(path)
            with safe_open(path, "np") as file:
                notes = file.metadata()
            data = open(path, "rb").read()
            place = data.index(b'"crc32":"') + 9
            assert "%08x" % zlib.crc32(data[:place] + b"00000000" + data[place + 8:]) == notes["crc32"]
            step = int(notes["step"])
            assert step == \(state.step) and notes["experiment"] == "test" and notes["minishard_checkpoint"] == "1", notes
            names = ["conv1.weight", "conv1.bias", "conv2.weight", "conv2.bias", "fc.weight", "fc.bias"]
            for prefix in ["model.", "adam.m.", "adam.v."]:
                assert tensors[prefix + "conv1.weight"].shape == (2, 1, 3, 3) and tensors[prefix + "fc.bias"].shape == (3,)
            assert tensors["generator"].dtype == numpy.uint32 and tensors["generator"].shape == (624,)
            assert tensors["steps.loss"].shape == (step,) and tensors["steps.link"].shape == (step, 32)
            # The last link, computed once more from the parameters, channels-last.
            tensors["model.fc.weight"] = tensors["model.fc.weight"].reshape(3, \(jobs[0].model.secondChannels), \(jobs[0].model.height / 2), -1)
            parameters = [tensors["model." + name] for name in names]
            parameters = [tensor.transpose(0, 2, 3, 1) if tensor.ndim == 4 else tensor for tensor in parameters]
            digest = xxhash.xxh3_128_digest(b"".join(tensor.tobytes() for tensor in parameters))
            links = [bytes(link) for link in tensors["steps.link"]]
            before = links[step - 2] if step > 1 else bytes(tensors["steps.origin"])
            loss = tensors["steps.loss"][step - 1].tobytes()
            assert hashlib.sha256(before + struct.pack("<Q", step) + loss + digest).digest() == links[step - 1]
            """
        let finished = try await run(python, ["-c", script], in: directory)
        #expect(finished.status == .exited(0), "\(finished.errors)")
    }
}
