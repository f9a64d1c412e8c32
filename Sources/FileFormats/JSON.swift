/// A JSON value. Objects keep the order of their members; numbers keep their digits.
package enum JSON: Sendable, Hashable {
    case null
    case bool(Bool)
    /// A number as JSON writes it.
    case number(String)
    case string(String)
    case array([JSON])
    case object([Member])

    /// A name and its value in an object.
    package struct Member: Sendable, Hashable {
        package let name: String
        package let value: JSON

        package init(_ name: String, _ value: JSON) {
            self.name = name
            self.value = value
        }
    }

    /// The value as JSON text without any blanks.
    package var compactText: String {
        var text = ""
        write(to: &text, separators: (",", ":"), indentation: nil)
        return text
    }

    /// The value as JSON text for people too: two blanks a level; arrays and objects that hold no others stand in one line.
    package var indentedText: String {
        var text = ""
        write(to: &text, separators: (", ", ": "), indentation: "")
        return text + "\n"
    }

    private func write(to text: inout String, separators: (item: String, name: String), indentation: String?) {
        switch self {
        case .null: text += "null"
        case .bool(let value): text += value ? "true" : "false"
        case .number(let digits): text += digits
        case .string(let string): text += JSON.quoted(string)
        case .array(let values):
            let nested = values.contains(where: \.isContainer) ? indentation : nil
            JSON.writeItems(values, to: &text, brackets: ("[", "]"), separator: separators.item, indentation: nested) {
                value, text, inner in
                value.write(to: &text, separators: separators, indentation: inner)
            }
        case .object(let members):
            let nested = members.contains(where: \.value.isContainer) ? indentation : nil
            JSON.writeItems(members, to: &text, brackets: ("{", "}"), separator: separators.item, indentation: nested) {
                member, text, inner in
                text += JSON.quoted(member.name) + separators.name
                member.value.write(to: &text, separators: separators, indentation: inner)
            }
        }
    }

    /// Writes an array's or an object's items: each in a line of its own when there is an indentation, else in one line.
    private static func writeItems<Item>(
        _ items: [Item], to text: inout String, brackets: (open: String, close: String), separator: String, indentation: String?,
        write: (Item, inout String, String?) -> Void
    ) {
        text += brackets.open
        let inner = indentation.map { $0 + "  " }
        for (index, item) in items.enumerated() {
            if let inner {
                text += (index == 0 ? "\n" : ",\n") + inner
            } else if index > 0 {
                text += separator
            }
            write(item, &text, inner)
        }
        if let indentation {
            text += "\n" + indentation
        }
        text += brackets.close
    }

    private var isContainer: Bool {
        switch self {
        case .array, .object: true
        default: false
        }
    }

    /// The string in quotes, with the escapes that JSON demands.
    private static func quoted(_ string: String) -> String {
        var text = "\""
        for scalar in string.unicodeScalars {
            switch scalar {
            case "\"": text += "\\\""
            case "\\": text += "\\\\"
            case "\n": text += "\\n"
            case "\r": text += "\\r"
            case "\t": text += "\\t"
            case "\0"..<" ":
                let digits = String(scalar.value, radix: 16)
                text += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
            default: text.unicodeScalars.append(scalar)
            }
        }
        return text + "\""
    }
}
