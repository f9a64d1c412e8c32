import FileFormats

/// Safetensors files.
func safetensorsTarget() -> DecoderTarget {
    let corpus = sampleFiles.map { [$0.bytes] }
    return DecoderTarget(name: "safetensors", share: 200, corpus: corpus, mutate: mutateSafetensors) { input in
        let file = try Safetensors(parsing: input[0])
        let size = file.tensors.reduce(0) { $0 + $1.elements.count }
        try require(size * 4 < input[0].count, "\(size) elements out of \(input[0].count) bytes")
        for tensor in file.tensors {
            let count = tensor.elements.count
            try require(tensor.shape.reduce(1, *) == count, "a tensor of shape \(tensor.shape) has \(count) elements")
        }
        let written = file.bytes
        try require(try Safetensors(parsing: written).bytes == written, "the file changes when it is written and read again")
    }
}

/// Damages the header's text of an input's only file and corrects the length before it, or damages any byte of the file.
func mutateSafetensors(_ input: inout [[UInt8]], partner: [[UInt8]], _ random: inout CaseRandom) {
    guard random.below(4) != 0, let header = header(of: input[0]) else { return mutateText(&input, partner: partner, &random) }
    var text = Array(input[0][header])
    jsonMutator.mutate(&text, partner: Array(partner[0].dropFirst(8)), &random)
    var data = input[0][header.upperBound...]
    if random.oneIn(8) { data = data.dropLast(random.below(data.count + 1)) }
    input[0] = (0..<8).map { UInt8(truncatingIfNeeded: text.count >> (8 * $0)) } + text + data
}

private func header(of file: [UInt8]) -> Range<Int>? {
    guard file.count > 8 else { return nil }
    let length = Int(file[0]) | Int(file[1]) << 8
    return 8 + length <= file.count ? 8..<8 + length : nil
}

private let sampleFiles = [
    Safetensors(
        tensors: [
            .init(name: "conv1.weight", shape: [2, 1, 1, 2], elements: [1, -2.5, 0.1, .infinity]),
            .init(name: "empty", shape: [0, 3], elements: []), .init(name: "scalar", shape: [], elements: [.nan]),
        ],
        notes: [.init("format", "pt"), .init("dataset", "<digits>, \"A & B\" é")]),
    Safetensors(tensors: []), Safetensors(tensors: [.init(name: "", shape: [3], elements: [0, -0.0, 7])]),
]
