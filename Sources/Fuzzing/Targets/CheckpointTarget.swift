import CNNCore
import CZlib
import Checkpoints
import Coordinator
import Datasets
import Simulator
import TrainingProtocol
import Worker

/// A job's checkpoints, from the files to a coordinator that takes the state up.
///
/// A state that is taken and whose files were changed with their checksums right may be any state; one whose files were changed otherwise must be one of those
/// that were written.
func checkpointTarget() throws -> DecoderTarget {
    let training = try CheckpointedTraining()
    return DecoderTarget(name: "checkpoints", share: 20, corpus: training.corpus, mutate: mutate) { input in
        let files = Disk()
        for (name, bytes) in zip(training.names, input) where !bytes.isEmpty { try files.write(name, bytes) }
        guard let loaded = try training.store(files).load(job: 0) else { throw NoCheckpoint() }
        for warning in loaded.warnings { try requireLine(warning, longest: 8192) }
        let isForged = !training.states.contains(loaded.state)
        try require(
            !isForged || input.contains { hasRightChecksum($0) && !training.corpus.joined().contains($0) }, "a damaged state is taken")
        // What is taken can be trained from, or says in a sentence why not.
        _ = try CoordinatorMachine(
            jobs: [training.job], dataset: training.dataset, settings: training.settings, states: [loaded.state])
    }
}

private struct NoCheckpoint: Error, CustomStringConvertible {
    let description = "There is no checkpoint."
}

/// Damages a file's header, its numbers, or any byte of it; often with the checksum put right.
private func mutate(_ input: inout [[UInt8]], partner: [[UInt8]], _ random: inout CaseRandom) {
    repeat {
        let index = random.below(input.count)
        if random.oneIn(16) {
            input[index] = random.oneIn(2) ? [] : partner[random.below(partner.count)]
            continue
        }
        var file = [input[index]]
        mutateSafetensors(&file, partner: [partner[random.below(partner.count)]], &random)
        input[index] = random.below(4) > 0 ? correctingChecksum(file[0]) : file[0]
    } while random.oneIn(3)
}

/// The place of the checksum's eight digits in a checkpoint.
private func checksumPlace(_ file: [UInt8]) -> Range<Int>? {
    let mark = Array("\"crc32\":\"".utf8)
    guard file.count > mark.count + 8 else { return nil }
    for start in 0..<min(file.count - mark.count - 8, 512) where file[start..<start + mark.count].elementsEqual(mark) {
        return start + mark.count..<start + mark.count + 8
    }
    return nil
}

private func checksum(_ file: [UInt8], at place: Range<Int>) -> [UInt8] {
    var file = file
    file.replaceSubrange(place, with: Array("00000000".utf8))
    let value = UInt32(truncatingIfNeeded: crc32_z(0, file, file.count))
    let digits = String(value, radix: 16)
    return Array((String(repeating: "0", count: 8 - digits.count) + digits).utf8)
}

private func hasRightChecksum(_ file: [UInt8]) -> Bool {
    checksumPlace(file).map { file[$0].elementsEqual(checksum(file, at: $0)) } ?? false
}

private func correctingChecksum(_ file: [UInt8]) -> [UInt8] {
    guard let place = checksumPlace(file) else { return file }
    var file = file
    file.replaceSubrange(place, with: checksum(file, at: place))
    return file
}

/// A tiny job, and its checkpoints at each of its results.
private struct CheckpointedTraining {
    let job: TrainingJob
    let dataset: Dataset
    let settings: CoordinatorSettings
    private(set) var states: [JobState] = []
    /// The names of the files of a corpus entry; a file that there is not is empty there.
    let names = ["a", "b", "epoch-1", "epoch-2"].map { "job-0.\($0).safetensors" }
    private(set) var corpus: [[[UInt8]]] = []

    init() throws {
        let set = ImageSet(
            height: 4, width: 4, pixels: (0..<320).map { UInt8(truncatingIfNeeded: $0 &* 37) }, labels: (0..<20).map { $0 % 3 })
        dataset = Dataset(name: "samples", train: set, test: set)
        job = TrainingJob(
            experiment: "fuzzing", seed: 1,
            model: try SmallCNN(firstChannels: 1, secondChannels: 1, kernelSize: 3, classes: 3, height: 4, width: 4, dropout: 0.25),
            epochs: 2, batchSize: 8, evaluationBatchSize: 8, trainingImages: 0..<12, validationImages: 12..<20, testImages: 0..<10)
        var settings = CoordinatorSettings(run: 7, instructionSet: try .best())
        settings.checkpointInterval = .zero
        self.settings = settings
        let machine = try CoordinatorMachine(jobs: [job], dataset: dataset, settings: settings)
        let computer = PieceComputer(instructionSet: settings.instructionSet)
        let files = Disk()
        let store = store(files)
        var parameters: [UInt64: Frame] = [:]
        var inbox = [WorkerMessage.hello(SampleMessages.introduction(1))]
        while !inbox.isEmpty {
            for action in machine.handle(.received(from: PeerID([1]), frames: inbox.removeFirst().frames()), now: .zero) {
                switch action {
                case .send(let frames, _):
                    guard case .work(var piece) = try CoordinatorMessage(frames: frames) else { continue }
                    if let sent = piece.parameters { parameters[piece.parametersID] = sent }
                    piece.parameters = parameters[piece.parametersID]
                    inbox.append(.result(computer.compute(piece) { _ in }))
                case .checkpoint(_, let state):
                    try store.write(state, job: 0)
                    states.append(state)
                    corpus.append(names.map { files.bytes($0) })
                default: continue
                }
            }
        }
    }

    func store(_ files: Disk) -> CheckpointStore {
        CheckpointStore(
            files: files,
            identity: CheckpointIdentity(run: "7", datasetSHA256: "samples", profile: TrainingProtocol.profile), jobs: [job])
    }
}
