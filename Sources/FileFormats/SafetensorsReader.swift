import ForeignText

/// A file that breaks a rule of the safetensors format, or holds what this program has no use for.
package struct SafetensorsError: Error, Hashable, CustomStringConvertible {
    /// The sentence for the user; it does not name the file, which only the caller knows.
    package let description: String

    init(_ description: String) {
        self.description = description
    }
}

extension Safetensors {
    /// Reads a file's bytes and checks every rule of the format.
    ///
    /// - Throws: ``SafetensorsError`` for the first rule that is broken, and for elements of a type that ``Elements`` does not have.
    package init(parsing bytes: [UInt8]) throws(SafetensorsError) {
        guard bytes.count >= 8 else {
            throw SafetensorsError(
                "The file is \(bytes.count) bytes long; the length of a safetensors header alone takes 8. It is cut off or not safetensors."
            )
        }
        let announced = bytes[..<8].reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
        guard announced <= UInt64(Safetensors.largestHeader) else {
            throw SafetensorsError(
                "Bytes 0 to 7 announce a header of \(announced) bytes; at most \(Safetensors.largestHeader) are allowed. This is not a safetensors file."
            )
        }
        let headerEnd = 8 + Int(announced)
        guard headerEnd <= bytes.count else {
            throw SafetensorsError(
                "The header should take \(announced) bytes, but only \(bytes.count - 8) follow its length: the file is cut off.")
        }
        guard announced > 0, bytes[8] == UInt8(ascii: "{") else {
            throw SafetensorsError("The header at byte 8 does not begin with '{': this is not a safetensors file.")
        }
        let header: JSON
        do {
            header = try JSON(parsing: Array(bytes[8..<headerEnd]))
        } catch {
            throw SafetensorsError("The header is not valid JSON: \(error.problem) at byte \(8 + error.offset) of the file.")
        }
        guard case .object(let members) = header else {
            throw SafetensorsError("The header is not a JSON object.")
        }
        var notes: [Note] = []
        var entries: [Entry] = []
        for member in members {
            if member.name == Safetensors.notesName {
                notes = try Safetensors.notes(in: member.value)
            } else {
                entries.append(try Entry(name: member.name, description: member.value))
            }
        }
        let data = bytes[headerEnd...]
        let tensors = try Safetensors.tensors(entries, in: data)
        self.init(tensors: tensors, notes: notes)
    }

    private static func notes(in value: JSON) throws(SafetensorsError) -> [Note] {
        guard case .object(let members) = value else {
            throw SafetensorsError("The header's \(notesName) is not an object.")
        }
        var notes: [Note] = []
        for member in members {
            guard case .string(let text) = member.value else {
                throw SafetensorsError("The value of '\(member.name.fitForLog)' in the header's \(notesName) is not a string.")
            }
            notes.append(Note(member.name, text))
        }
        return notes
    }

    /// Cuts the data into tensors, which must cover it without gap or overlap.
    private static func tensors(_ entries: [Entry], in data: ArraySlice<UInt8>) throws(SafetensorsError) -> [Tensor] {
        var tensors: [Tensor] = []
        var expected = 0
        for entry in entries.sorted(by: { ($0.begin, $0.end) < ($1.begin, $1.end) }) {
            guard entry.begin == expected else {
                throw SafetensorsError(
                    "The data of the tensor '\(entry.name.fitForLog)' begins at offset \(entry.begin); the data before it ends at \(expected), and tensors must touch."
                )
            }
            guard entry.end <= data.count else {
                throw SafetensorsError(
                    "The data of the tensor '\(entry.name.fitForLog)' should end at offset \(entry.end), but only \(data.count) bytes follow the header: "
                        + "the file is cut off.")
            }
            let bytes = data[(data.startIndex + entry.begin)..<(data.startIndex + entry.end)]
            tensors.append(Tensor(name: entry.name, shape: entry.shape, elements: elements(of: entry.type, bytes)))
            expected = entry.end
        }
        guard expected == data.count else {
            throw SafetensorsError(
                "The last tensor ends at offset \(expected), but \(data.count) bytes follow the header: \(data.count - expected) too many.")
        }
        return tensors
    }

    private static func elements(of type: ElementType, _ bytes: ArraySlice<UInt8>) -> Elements {
        switch type {
        case .float32: .float32(values(bytes))
        case .float64: .float64(values(bytes))
        case .uint32: .uint32(values(bytes))
        case .uint8: .uint8(Array(bytes))
        }
    }

    /// The elements that some bytes hold, back to back.
    private static func values<Element: BitwiseCopyable>(_ bytes: ArraySlice<UInt8>) -> [Element] {
        let length = bytes.count / MemoryLayout<Element>.size
        return [Element](unsafeUninitializedCapacity: length) { buffer, initialised in
            bytes.withUnsafeBytes { UnsafeMutableRawBufferPointer(buffer).copyMemory(from: $0) }
            initialised = length
        }
    }
}

/// A tensor's description in the header.
private struct Entry {
    let name: String
    let type: Safetensors.ElementType
    let shape: [Int]
    /// Where its data begins and ends, in bytes after the header.
    let begin: Int
    let end: Int

    init(name: String, description: JSON) throws(SafetensorsError) {
        let shown = name.fitForLog
        guard case .object(let members) = description else {
            throw SafetensorsError("The header's entry for the tensor '\(shown)' is not an object.")
        }
        func value(_ key: String) throws(SafetensorsError) -> JSON {
            guard let member = members.first(where: { $0.name == key }) else {
                throw SafetensorsError("The header's entry for the tensor '\(shown)' lacks '\(key)'.")
            }
            return member.value
        }
        if let stranger = members.first(where: { !["dtype", "shape", "data_offsets"].contains($0.name) }) {
            throw SafetensorsError(
                "The header's entry for the tensor '\(shown)' holds '\(stranger.name.fitForLog)', which the format does not know.")
        }
        guard case .string(let typeName) = try value("dtype") else {
            throw SafetensorsError("The dtype of the tensor '\(shown)' is not a string.")
        }
        guard let type = Safetensors.ElementType(rawValue: typeName) else {
            let known = Safetensors.ElementType.allCases.map(\.rawValue).joined(separator: ", ")
            throw SafetensorsError("The tensor '\(shown)' has elements of type \(typeName.fitForLog); only \(known) are read.")
        }
        guard let shape = Entry.sizes(try value("shape")) else {
            throw SafetensorsError("The shape of the tensor '\(shown)' is not an array of whole numbers, 0 or more.")
        }
        guard let offsets = Entry.sizes(try value("data_offsets")), offsets.count == 2, offsets[0] <= offsets[1] else {
            throw SafetensorsError("The data_offsets of the tensor '\(shown)' are not two whole numbers, 0 or more, in ascending order.")
        }
        var size = type.size
        for length in shape {
            let (product, overflow) = size.multipliedReportingOverflow(by: length)
            guard !overflow else { throw SafetensorsError("The shape of the tensor '\(shown)' is too large for any file.") }
            size = product
        }
        guard size == offsets[1] - offsets[0] else {
            throw SafetensorsError(
                "The tensor '\(shown)' of shape \(shape.description.fitForLog) takes \(size) bytes, but its data_offsets leave it \(offsets[1] - offsets[0])."
            )
        }
        self.name = name
        self.type = type
        self.shape = shape
        begin = offsets[0]
        end = offsets[1]
    }

    private static func sizes(_ value: JSON) -> [Int]? {
        guard case .array(let values) = value else { return nil }
        var sizes: [Int] = []
        for value in values {
            guard case .number(let digits) = value, let size = Int(digits), size >= 0 else { return nil }
            sizes.append(size)
        }
        return sizes
    }
}
