import Coordinator
import FileFormats
import Reports

/// `run.json`, which says what a run was started with.
func runRecordTarget() -> DecoderTarget {
    let records = [
        RunRecord(
            version: "0.1.0", run: "a3", study: "notebook", experiments: ["baseline", "less-data"], seeds: [42, .max], epochs: 5,
            data: "/data/mnist", dataName: "mnist", dataSHA256: "49e7", profile: "minishard-f32-4", acceptedProfiles: ["numpy-f32"]),
        RunRecord(
            version: "", run: "", study: "\u{2028}\"", experiments: [], seeds: [], epochs: .max, data: "", dataName: "", dataSHA256: "",
            profile: "", acceptedProfiles: []),
    ]
    let corpus = records.map { [Array($0.document.utf8)] }
    return DecoderTarget(name: "run-record", share: 100, corpus: corpus, mutate: mutateText) { input in
        let record = try RunRecord(parsing: input[0], path: "run.json")
        try require(
            try RunRecord(parsing: Array(record.document.utf8), path: "run.json") == record,
            "the record changes when it is written and read again")
    }
}

/// `chain.csv`, the record of a finished run's steps.
func chainTarget() -> DecoderTarget {
    let link = String(repeating: "0f", count: 32)
    let corpus = [0, 1, 12].map { steps in [Array("step,link\n\((0...steps).map { "\($0),\(link)\n" }.joined())".utf8)] }
    let mutator = ByteMutator(
        dictionary: [",", "\n", "\r\n", "0", "1,", "step,link\n", link, "\(link)\n", "F", "\"", "-1,"].map { Array($0.utf8) } + hostileTexts
    )
    return DecoderTarget(
        name: "chain", share: 100, corpus: corpus, mutate: { mutator.mutate(&$0[0], partner: $1[0], &$2) },
        decode: { input in
            let chain = try StepChain(parsing: input[0], path: "chain.csv")
            try require(chain.origin.count == 32 && chain.links.count == 32 * chain.count, "a chain of \(chain.links.count) bytes")
            let lines = input[0].count { $0 == UInt8(ascii: "\n") }
            try require(chain.count == lines - 2, "\(chain.count) links out of \(lines) lines")
        })
}
