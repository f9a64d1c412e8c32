import FileFormats
import Testing

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

struct JSONTests {
    private struct Example: Codable, Hashable {
        var zebra = "a\"\\\n\t\u{1}é😀"
        var apple: [Double] = [0.1, 1e-9, 1e22, -0.0, .leastNonzeroMagnitude]
        var single: Float = 0.1
        var whole = UInt64.max
        var flag = true
        var nothing: Int?
        var nested = [[1, 2], []]
        var byName = ["only": ["x": 1]]
    }

    @Test func keepsTheOrderOfKeysAndTheShortestDigits() throws {
        #expect(
            try JSON(encoding: Example()).compactText
                == #"{"zebra":"a\"\\\n\t\u0001é😀","apple":[0.1,1e-09,1e+22,-0.0,5e-324],"single":0.1,"whole":18446744073709551615,"flag":true,"#
                + #""nested":[[1,2],[]],"byName":{"only":{"x":1}}}"#)
    }

    @Test func anotherReaderGetsTheSameValue() throws {
        let text = try JSON(encoding: Example()).indentedText
        #expect(try JSONDecoder().decode(Example.self, from: Data(text.utf8)) == Example())
    }

    @Test func indentsWhatHoldsOthers() throws {
        let value = JSON.object([
            .init("row", .array([.number("1"), .number("2")])), .init("empty", .object([])),
            .init("rows", .array([.array([.null]), .object([.init("a", .bool(false))])])),
        ])
        #expect(
            value.indentedText == """
                {
                  "row": [1, 2],
                  "empty": {},
                  "rows": [
                    [null],
                    {"a": false}
                  ]
                }

                """)
    }

    @Test func refusesNumbersThatJSONCannotHold() {
        #expect(throws: EncodingError.self) { try JSON(encoding: [1, Double.nan]) }
        #expect(throws: EncodingError.self) { try JSON(encoding: [-Float.infinity]) }
    }

    @Test func readsWhatItWrites() throws {
        let value = try JSON(encoding: Example())
        #expect(try JSON(parsing: Array(value.compactText.utf8)) == value)
        #expect(try JSON(parsing: Array(value.indentedText.utf8)) == value)
    }

    @Test func readsEscapes() throws {
        #expect(try JSON(parsing: Array(#" "\u00e9\ud83d\ude00\/\b\f\r" "#.utf8)) == .string("é😀/\u{8}\u{C}\r"))
    }

    @Test(arguments: [
        ("", "unexpected end of the text at byte 0"), ("{", "a name in quotes expected at byte 1"),
        ("[1,]", "unexpected character at byte 3"),
        ("[1 2]", "',' or ']' expected at byte 3"), (#"{"a":1,}"#, "a name in quotes expected at byte 7"),
        (#"{"a" 1}"#, "':' expected at byte 5"),
        (#"{"a":1 "b":2}"#, "',' or '}' expected at byte 7"), (#"{"a":1,"\u0061":2}"#, "the name 'a' a second time at byte 7"),
        ("01", "unexpected text after the JSON value at byte 1"), ("1.", "a digit expected at byte 2"), ("-", "a digit expected at byte 1"),
        ("1e+", "a digit expected at byte 3"), ("+1", "unexpected character at byte 0"), ("nul", "unexpected character at byte 0"),
        ("\"a", "unexpected end of the text in a string at byte 2"), ("\"\n\"", "a control character in a string at byte 1"),
        (#""\x""#, "an unknown escape in a string at byte 2"), (#""\u12g4""#, "four hexadecimal digits expected at byte 5"),
        (#""\ud800""#, "half a surrogate pair in a string at byte 7"), (#""\ude00""#, "half a surrogate pair in a string at byte 7"),
        (#""\ud800\u0041""#, "half a surrogate pair in a string at byte 13"), ("1 2", "unexpected text after the JSON value at byte 2"),
    ])
    func refusesWithThePlaceOfTheFault(text: String, sentence: String) {
        let error = #expect(throws: JSONError.self) { try JSON(parsing: Array(text.utf8)) }
        #expect(error?.description == sentence)
    }

    @Test func refusesBytesThatAreNotUTF8() {
        #expect(throws: JSONError.self) { try JSON(parsing: [0x22, 0xFF, 0x22]) }
        #expect(throws: JSONError.self) { try JSON(parsing: [0x22, 0xC3, 0x22]) }
    }

    @Test func boundsTheNesting() throws {
        func nested(_ depth: Int) -> [UInt8] {
            Array(repeating: UInt8(ascii: "["), count: depth) + Array(repeating: UInt8(ascii: "]"), count: depth)
        }
        _ = try JSON(parsing: nested(64))
        #expect(throws: JSONError.self) { try JSON(parsing: nested(65)) }
        #expect(throws: JSONError.self) { try JSON(parsing: Array(repeating: UInt8(ascii: "["), count: 1_000_000)) }
    }
}
