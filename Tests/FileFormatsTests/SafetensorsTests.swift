import FileFormats
import Testing

struct SafetensorsTests {
    private static let example = Safetensors(
        tensors: [
            .init(name: "conv1.weight", shape: [2, 1, 1, 2], elements: [1, -2.5, 0.1, .infinity]),
            .init(name: "empty", shape: [0, 3], elements: []), .init(name: "scalar", shape: [], elements: [7]),
            .init(name: "counts", shape: [3], elements: .uint32([0, 1, .max])),
            .init(name: "flags", shape: [1, 5], elements: .uint8([1, 0, 1, 1, 255])),
            .init(name: "sums", shape: [2], elements: .float64([0.1, -.infinity])),
        ],
        notes: [.init("format", "pt"), .init("dataset", "<digits>, \"A & B\" é")])

    /// A file with some header, as it is, and some bytes of data.
    private static func file(_ header: String, data: Int = 0) -> [UInt8] {
        let count = header.utf8.count
        return (0..<8).map { UInt8(truncatingIfNeeded: count >> (8 * $0)) } + Array(header.utf8) + Array(repeating: 0, count: data)
    }

    @Test func writesTheFormatByteForByte() {
        let bytes = Safetensors(tensors: [.init(name: "a", shape: [2], elements: [1, -2.5])], notes: [.init("format", "pt")]).bytes
        let header = #"{"__metadata__":{"format":"pt"},"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}"#
        #expect(header.utf8.count == 85)
        #expect(bytes == [88, 0, 0, 0, 0, 0, 0, 0] + Array(header.utf8) + Array("   ".utf8) + [0, 0, 0x80, 0x3F, 0, 0, 0x20, 0xC0])
    }

    @Test func readsWhatItWrites() throws {
        #expect(try Safetensors(parsing: Self.example.bytes) == Self.example)
        #expect(try Safetensors(parsing: Safetensors(tensors: []).bytes) == Safetensors(tensors: []))
    }

    @Test func readsTensorsInTheOrderOfTheirData() throws {
        let bytes = Self.file(
            #"{"b":{"shape":[1],"data_offsets":[4,8],"dtype":"F32"},"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}"#, data: 8)
        #expect(try Safetensors(parsing: bytes).tensors.map(\.name) == ["a", "b"])
    }

    @Test func refusesEveryTruncation() {
        let bytes = Self.example.bytes
        for length in 0..<bytes.count {
            let error = #expect(throws: SafetensorsError.self, "cut to \(length) bytes") {
                try Safetensors(parsing: Array(bytes[..<length]))
            }
            #expect(error?.description.hasSuffix(".") == true)
        }
    }

    /// Found by fuzzing: what a file says about itself went into errors as it was, whatever its length and its characters.
    @Test func describesHostileNamesInOneShortLine() {
        let long = String(repeating: "x\u{301}", count: 5000)
        let headers = ["a\u{2029}b\u{202E}", long].flatMap { name in
            [
                #"{"\#(name)":{"dtype":"F32","shape":[0],"data_offsets":[0,0],"\#(name)":1}}"#, #"{"t":{"dtype":"\#(name)"}}"#,
                #"{"__metadata__":{"\#(name)":1}}"#, #"{"\#(name)":1,"\#(name)":1}"#, #"{"\#(name)":{}}"#,
                #"{"\#(name)":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}}"#,
            ]
        }
        let shape = [String](repeating: "1", count: 5000).joined(separator: ",")
        for header in headers + [#"{"t":{"dtype":"F32","shape":[\#(shape)],"data_offsets":[0,0]}}"#] {
            let error = #expect(throws: SafetensorsError.self) { try Safetensors(parsing: Self.file(header, data: 8)) }
            let scalars = (error?.description ?? "").unicodeScalars
            #expect((1...1000).contains(scalars.count))
            #expect(!scalars.contains { ["\u{2029}", "\u{202E}"].contains($0) })
        }
    }

    /// A flipped bit may leave a valid file, such as one with another name in it, but never one of another size, and never crashes.
    @Test func survivesEveryFlippedBitOfTheHeader() {
        let bytes = Self.example.bytes
        let headerEnd = bytes.count - (5 * 4 + 3 * 4 + 5 + 2 * 8)
        var refused = 0
        for bit in 0..<headerEnd * 8 {
            var flipped = bytes
            flipped[bit / 8] ^= 1 << (bit % 8)
            do {
                let read = try Safetensors(parsing: flipped)
                #expect(read.tensors.reduce(0) { $0 + $1.elements.count } == 15)
            } catch {
                refused += 1
            }
        }
        #expect(refused > headerEnd * 4)
    }

    @Test(arguments: [
        (file("[]"), "The header at byte 8 does not begin with '{': this is not a safetensors file."),
        (file(" {}"), "The header at byte 8 does not begin with '{': this is not a safetensors file."),
        (file(""), "The header at byte 8 does not begin with '{': this is not a safetensors file."),
        (file("{} x"), "The header is not valid JSON: unexpected text after the JSON value at byte 11 of the file."),
        (
            file(#"{"a":{"dtype":"F32","shape":[0],"data_offsets":[0,0]},"a":{"dtype":"F32","shape":[0],"data_offsets":[0,0]}}"#),
            "The header is not valid JSON: the name 'a' a second time at byte 62 of the file."
        ),
        (
            Array(repeating: 0xFF, count: 20),
            "Bytes 0 to 7 announce a header of 18446744073709551615 bytes; at most 100000000 are allowed. This is not a safetensors file."
        ),
        (file("{}", data: 3), "The last tensor ends at offset 0, but 3 bytes follow the header: 3 too many."),
        (file(#"{"__metadata__":[]}"#), "The header's __metadata__ is not an object."),
        (file(#"{"__metadata__":{"epoch":1}}"#), "The value of 'epoch' in the header's __metadata__ is not a string."),
        (file(#"{"a":1}"#), "The header's entry for the tensor 'a' is not an object."),
        (file(#"{"a":{"dtype":"F32","shape":[]}}"#), "The header's entry for the tensor 'a' lacks 'data_offsets'."),
        (
            file(#"{"a":{"dtype":"F32","shape":[0],"data_offsets":[0,0],"x":1}}"#),
            "The header's entry for the tensor 'a' holds 'x', which the format does not know."
        ),
        (
            file(#"{"a":{"dtype":"F16","shape":[2],"data_offsets":[0,4]}}"#, data: 4),
            "The tensor 'a' has elements of type F16; only F32, F64, U32, U8 are read."
        ),
        (
            file(#"{"a":{"dtype":"F32","shape":[-1],"data_offsets":[0,4]}}"#, data: 4),
            "The shape of the tensor 'a' is not an array of whole numbers, 0 or more."
        ),
        (
            file(#"{"a":{"dtype":"F32","shape":[1.0],"data_offsets":[0,4]}}"#, data: 4),
            "The shape of the tensor 'a' is not an array of whole numbers, 0 or more."
        ),
        (
            file(#"{"a":{"dtype":"F32","shape":[4611686018427387904,4],"data_offsets":[0,4]}}"#, data: 4),
            "The shape of the tensor 'a' is too large for any file."
        ),
        (
            file(#"{"a":{"dtype":"F32","shape":[1],"data_offsets":[4,0]}}"#, data: 4),
            "The data_offsets of the tensor 'a' are not two whole numbers, 0 or more, in ascending order."
        ),
        (
            file(#"{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,99999999999999999999]}}"#, data: 4),
            "The data_offsets of the tensor 'a' are not two whole numbers, 0 or more, in ascending order."
        ),
        (
            file(#"{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,8]}}"#, data: 8),
            "The tensor 'a' of shape [1] takes 4 bytes, but its data_offsets leave it 8."
        ),
        (
            file(#"{"a":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}}"#, data: 8),
            "The data of the tensor 'a' begins at offset 4; the data before it ends at 0, and tensors must touch."
        ),
        (
            file(
                #"{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},"b":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}}"#, data: 8),
            "The data of the tensor 'b' begins at offset 4; the data before it ends at 8, and tensors must touch."
        ),
        (
            file(#"{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}"#, data: 7),
            "The data of the tensor 'a' should end at offset 8, but only 7 bytes follow the header: the file is cut off."
        ),
    ])
    func refusesWhatBreaksARule(bytes: [UInt8], sentence: String) {
        let error = #expect(throws: SafetensorsError.self) { try Safetensors(parsing: bytes) }
        #expect(error?.description == sentence)
    }
}
