import FileFormats

/// The members of the JSON object that a file holds.
struct JSONFields {
    private let members: [JSON.Member]
    private let path: String

    /// - Throws: ``ReportError`` naming `path` when the text is not JSON.
    init(_ text: [UInt8], path: String) throws(ReportError) {
        let document: JSON
        do { document = try JSON(parsing: text) } catch { throw ReportError("\(path) is damaged: \(error).") }
        members = if case .object(let members) = document { members } else { [] }
        self.path = path
    }

    func string(_ name: String) throws(ReportError) -> String { try value(name, JSONFields.string) }
    func number<Number: FixedWidthInteger & SendableMetatype>(_ name: String) throws(ReportError) -> Number {
        try value(name, JSONFields.number)
    }

    func double(_ name: String) throws(ReportError) -> Double {
        try value(name) { if case .number(let digits) = $0 { Double(digits) } else { nil } }
    }

    func array<Value>(_ name: String, _ read: (JSON) -> Value?) throws(ReportError) -> [Value] {
        try value(name) { value in
            guard case .array(let elements) = value else { return nil }
            let values = elements.compactMap(read)
            return values.count == elements.count ? values : nil
        }
    }

    static func string(_ value: JSON) -> String? { if case .string(let text) = value { text } else { nil } }
    static func number<Number: FixedWidthInteger>(_ value: JSON) -> Number? {
        if case .number(let digits) = value { Number(digits) } else { nil }
    }

    private func value<Value>(_ name: String, _ read: (JSON) -> Value?) throws(ReportError) -> Value {
        guard let member = members.first(where: { $0.name == name }), let value = read(member.value) else {
            throw ReportError("\(path) is damaged: it has no '\(name)', or one of the wrong type.")
        }
        return value
    }
}
