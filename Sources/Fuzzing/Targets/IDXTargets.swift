import CNNCore
import Coordinator
import Datasets

/// IDX files of one array, raw and gzip.
func idxTarget(name: String, dimensions: [Int], scratch: String) throws -> DecoderTarget {
    let count = dimensions.reduce(1, *)
    let array = IDXArray(dimensions: dimensions, bytes: (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 91) })
    let raw = array.header + array.bytes
    let corpus = [[raw], [gzip(raw)], [gzip(Array(raw[..<20])) + gzip(Array(raw[20...]))]]
    let path = "\(scratch)/\(name)"
    return DecoderTarget(
        name: name, share: 40, corpus: corpus, mutate: { mutateIDX(&$0[0], raw: raw, &$2) },
        decode: { input in
            try writeScratch(input[0], to: path)
            let read = try IDX.read(path: path, dimensionCount: dimensions.count)
            try require(
                read.dimensions.count == dimensions.count && read.dimensions.reduce(1, *) == read.bytes.count && !read.bytes.isEmpty,
                "an array of \(read.dimensions) has \(read.bytes.count) bytes")
            try writeScratch(read.header + read.bytes, to: path)
            let again = try IDX.read(path: path, dimensionCount: dimensions.count)
            try require(again == read, "the array changes when it is written and read again")
        })
}

/// A directory with a data set's four files, from there to a job that could be trained.
func datasetTarget(scratch: String) throws -> DecoderTarget {
    let set = ImageSet(height: 4, width: 4, pixels: (0..<320).map { UInt8(truncatingIfNeeded: $0) }, labels: (0..<20).map { $0 % 10 })
    let files = [set.pixels, set.labels, set.pixels, set.labels].map { bytes in
        let array = IDXArray(dimensions: bytes.count == 20 ? [20] : [20, 4, 4], bytes: bytes)
        return array.header + array.bytes
    }
    let directory = "\(scratch)/dataset"
    try DatasetDirectory.write(Dataset(name: "samples", train: set, test: set), to: directory)
    func mutate(_ input: inout [[UInt8]], partner: [[UInt8]], _ random: inout CaseRandom) {
        let index = random.below(input.count)
        mutateIDX(&input[index], raw: input[index], &random)
    }
    let instructionSet = try InstructionSet.best()
    return DecoderTarget(name: "datasets", share: 10, corpus: [files, files.map(gzip)], mutate: mutate) { input in
        for (bytes, file) in zip(input, DatasetFile.allCases) { try writeScratch(bytes, to: "\(directory)/\(file.name)") }
        let dataset = try DatasetDirectory.load(directory, classes: 10)
        for part in [dataset.train, dataset.test] {
            try require(
                part.pixels.count == part.count * part.height * part.width && part.labels.allSatisfy { $0 < 10 },
                "a data set was taken that does not hold what it says")
        }
        let model = try SmallCNN(
            firstChannels: 1, secondChannels: 1, classes: dataset.classes, height: dataset.train.height, width: dataset.train.width)
        let job = TrainingJob(
            experiment: "fuzzing", seed: 0, model: model, trainingImages: 0..<12, validationImages: 12..<20, testImages: 0..<20)
        _ = try CoordinatorMachine(jobs: [job], dataset: dataset, settings: CoordinatorSettings(run: 1, instructionSet: instructionSet))
    }
}

/// Damages an array before it is compressed, the compressed file, or both.
private func mutateIDX(_ file: inout [UInt8], raw: [UInt8], _ random: inout CaseRandom) {
    if random.below(3) != 0 {
        var content = raw
        idxMutator.mutate(&content, partner: raw, &random)
        file = random.oneIn(3) ? gzip(content) : content
        if random.below(4) != 0 { return }
    }
    idxMutator.mutate(&file, partner: raw, &random)
}

/// Knows the headers of IDX, of gzip and of deflate's blocks.
private let idxMutator = ByteMutator(dictionary: [
    [0, 0, 8, 1], [0, 0, 8, 3], [0, 0, 0x0D, 3], [0, 0, 8, 0], [0, 0, 8, 255], [0, 0, 0, 1], [0xFF, 0xFF, 0xFF, 0xFF], [0, 1, 0, 0],
    [0x1F, 0x8B, 8],
    [0x1F, 0x8B, 8, 0, 0, 0, 0, 0, 0, 3], [0x1F, 0x8B, 8, 0x1F, 0, 0, 0, 0, 0, 3], [0x1F, 0x8B, 8, 4, 0, 0, 0, 0, 0, 3, 0xFF, 0xFF],
    [1, 0, 0, 0xFF, 0xFF], [3, 0], [0, 0, 0, 0, 0, 0, 0, 0], gzip([]), gzip([UInt8](repeating: 0, count: 1 << 20)),
])
