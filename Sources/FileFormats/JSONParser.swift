import ForeignText

/// Text that is not JSON.
package struct JSONError: Error, Hashable, CustomStringConvertible {
    /// Offset of the offending byte in the text.
    package let offset: Int
    /// What is wrong there.
    package let problem: String

    package var description: String { "\(problem) at byte \(offset)" }
}

extension JSON {
    /// Reads JSON text as RFC 8259 has it, strictly, and refuses objects that name a member twice.
    ///
    /// - Throws: ``JSONError`` with the place of the first fault.
    package init(parsing text: [UInt8]) throws(JSONError) {
        var parser = JSONParser(text)
        self = try parser.document()
    }
}

private struct JSONParser {
    /// How deep arrays and objects may be nested, which bounds the stack that hostile text can make the parser use.
    private static let depthLimit = 64

    private let text: [UInt8]
    private var position = 0
    private var depth = 0

    init(_ text: [UInt8]) {
        self.text = text
    }

    mutating func document() throws(JSONError) -> JSON {
        let value = try value()
        skipBlanks()
        guard position == text.count else { throw fault("unexpected text after the JSON value") }
        return value
    }

    private func fault(_ problem: String) -> JSONError { JSONError(offset: position, problem: problem) }

    private var next: UInt8? { position < text.count ? text[position] : nil }

    private mutating func skipBlanks() {
        while let byte = next, byte == 0x20 || byte == 0x09 || byte == 0x0A || byte == 0x0D {
            position += 1
        }
    }

    /// Steps over a byte if it is the next one.
    private mutating func skip(_ character: Unicode.Scalar) -> Bool {
        guard let byte = next, byte == UInt8(ascii: character) else { return false }
        position += 1
        return true
    }

    private mutating func value() throws(JSONError) -> JSON {
        skipBlanks()
        guard let byte = next else { throw fault("unexpected end of the text") }
        switch byte {
        case UInt8(ascii: "{"): return .object(try object())
        case UInt8(ascii: "["): return .array(try array())
        case UInt8(ascii: "\""): return .string(try string())
        case UInt8(ascii: "t"): return try word("true", .bool(true))
        case UInt8(ascii: "f"): return try word("false", .bool(false))
        case UInt8(ascii: "n"): return try word("null", .null)
        case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"): return .number(try number())
        default: throw fault("unexpected character")
        }
    }

    private mutating func word(_ word: String, _ value: JSON) throws(JSONError) -> JSON {
        let bytes = Array(word.utf8)
        guard text[position...].starts(with: bytes) else { throw fault("unexpected character") }
        position += bytes.count
        return value
    }

    private mutating func enter() throws(JSONError) {
        depth += 1
        guard depth <= JSONParser.depthLimit else { throw fault("more than \(JSONParser.depthLimit) levels of nesting") }
        position += 1
    }

    private mutating func array() throws(JSONError) -> [JSON] {
        try enter()
        defer { depth -= 1 }
        var values: [JSON] = []
        skipBlanks()
        if skip("]") { return values }
        while true {
            values.append(try value())
            skipBlanks()
            if skip("]") { return values }
            guard skip(",") else { throw fault("',' or ']' expected") }
        }
    }

    private mutating func object() throws(JSONError) -> [JSON.Member] {
        try enter()
        defer { depth -= 1 }
        var members: [JSON.Member] = []
        var names: Set<String> = []
        skipBlanks()
        if skip("}") { return members }
        while true {
            skipBlanks()
            guard next == UInt8(ascii: "\"") else { throw fault("a name in quotes expected") }
            let start = position
            let name = try string()
            guard names.insert(name).inserted else { throw JSONError(offset: start, problem: "the name '\(name.fitForLog)' a second time") }
            skipBlanks()
            guard skip(":") else { throw fault("':' expected") }
            members.append(JSON.Member(name, try value()))
            skipBlanks()
            if skip("}") { return members }
            guard skip(",") else { throw fault("',' or '}' expected") }
        }
    }

    private mutating func number() throws(JSONError) -> String {
        let start = position
        _ = skip("-")
        if !skip("0") { try digits() }
        if skip(".") { try digits() }
        if skip("e") || skip("E") {
            if !skip("+") { _ = skip("-") }
            try digits()
        }
        return String(decoding: text[start..<position], as: UTF8.self)
    }

    private mutating func digits() throws(JSONError) {
        let start = position
        while let byte = next, (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) {
            position += 1
        }
        guard position > start else { throw fault("a digit expected") }
    }

    private mutating func string() throws(JSONError) -> String {
        position += 1
        let start = position
        var bytes: [UInt8] = []
        while let byte = next {
            switch byte {
            case UInt8(ascii: "\""):
                guard let string = String(validating: bytes, as: UTF8.self) else {
                    throw JSONError(offset: start, problem: "a string that is not UTF-8")
                }
                position += 1
                return string
            case UInt8(ascii: "\\"):
                position += 1
                bytes += String(try escape()).utf8
            case 0..<0x20: throw fault("a control character in a string")
            default:
                bytes.append(byte)
                position += 1
            }
        }
        throw fault("unexpected end of the text in a string")
    }

    /// Reads what follows a backslash.
    private mutating func escape() throws(JSONError) -> Character {
        let plain: [(Unicode.Scalar, Character)] = [
            ("\"", "\""), ("\\", "\\"), ("/", "/"), ("b", "\u{08}"), ("f", "\u{0C}"), ("n", "\n"), ("r", "\r"), ("t", "\t"),
        ]
        for (letter, character) in plain where skip(letter) {
            return character
        }
        guard skip("u") else { throw fault("an unknown escape in a string") }
        var code = try hexadecimal()
        if (0xD800..<0xDC00).contains(code), skip("\\"), skip("u") {
            let low = try hexadecimal()
            guard (0xDC00..<0xE000).contains(low) else { throw fault("half a surrogate pair in a string") }
            code = 0x10000 + (code - 0xD800) << 10 + (low - 0xDC00)
        }
        guard let scalar = Unicode.Scalar(code) else { throw fault("half a surrogate pair in a string") }
        return Character(scalar)
    }

    private mutating func hexadecimal() throws(JSONError) -> UInt32 {
        var code: UInt32 = 0
        for _ in 0..<4 {
            guard let byte = next, let digit = Character(Unicode.Scalar(byte)).hexDigitValue, byte < 0x80 else {
                throw fault("four hexadecimal digits expected")
            }
            code = code << 4 | UInt32(digit)
            position += 1
        }
        return code
    }
}
