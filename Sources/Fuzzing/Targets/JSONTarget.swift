import FileFormats

/// JSON text.
func jsonTarget() -> DecoderTarget {
    let corpus = sampleJSON.flatMap { [[Array($0.compactText.utf8)], [Array($0.indentedText.utf8)]] }
    return DecoderTarget(name: "json", share: 200, corpus: corpus, mutate: mutateText) { input in
        let value = try parseJSON(input[0])
        for text in [value.compactText, value.indentedText] {
            let again = try parseJSON(Array(text.utf8))
            try require(again.compactText.utf8.elementsEqual(value.compactText.utf8), "the value changes when it is written and read again")
        }
    }
}

/// Parses JSON; an error of the parser's comes out as a sentence, once its parts are checked.
private func parseJSON(_ text: [UInt8]) throws -> JSON {
    do {
        return try JSON(parsing: text)
    } catch {
        try require((0...text.count).contains(error.offset), "an error at byte \(error.offset) of \(text.count)")
        try requireLine(error.problem, longest: 1024)
        throw JSONRefusal(description: "\(error).")
    }
}

private struct JSONRefusal: Error, CustomStringConvertible {
    let description: String
}

/// Values with everything that JSON has.
private let sampleJSON: [JSON] = [
    .object([
        .init("study", .string("Building a Small CNN, \"é\" \u{1F468}\u{200D}\u{1F469}\n\u{2028}\\")),
        .init("seeds", .array([.number("42"), .number("0")])),
        .init("learning_rate", .number("1e-2")), .init("loss", .null), .init("complete", .bool(true)), .init("", .object([])),
        .init("runs", .array([.object([.init("confusion", .array([.array([.number("97"), .number("-0.5E+10")]), .array([])]))])])),
    ]),
    .array([]), .string("\u{0}\u{1F}/"), .number("-0"), .bool(false), (0..<40).reduce(.null) { inner, _ in .array([inner]) },
]

/// Damages a text that is an input's only frame.
func mutateText(_ input: inout [[UInt8]], partner: [[UInt8]], _ random: inout CaseRandom) {
    jsonMutator.mutate(&input[0], partner: partner[0], &random)
}

/// Knows JSON's language, and safetensors'.
let jsonMutator = ByteMutator(
    dictionary: [
        "{", "}", "[", "]", ":", ",", "\"", "\\", "\\u", "\\u0000", "\\ud800", "\\udc00", "\\uD83D\\uDE00", "\\uFFFF", "\\n", "true",
        "false", "null",
        "-", "0", "00", "1e9999", "1E-", "0.", "1.5", "-1", "{\"\":", "\"a\":1,", "[[[[[[[[", "]]]]]]]]", " ", "\t", "NaN", "/*", "dtype",
        "F32", "F16",
        "shape", "data_offsets", "__metadata__", "\"x\":{\"dtype\":\"F32\",\"shape\":[],\"data_offsets\":[0,4]},", "[0,0]",
        "[4294967296,4294967296]",
    ].map { Array($0.utf8) } + hostileTexts)
