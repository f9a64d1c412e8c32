import Studies

/// A file of named float32 tensors as PyTorch, JAX, MLX and the Hugging Face tools read it.
///
/// The format: the length of the header as a little-endian 64-bit number, the header in JSON, padded with blanks to a multiple of 8 bytes, then the tensors' elements,
/// row-major and little-endian, back to back to the end of the file. See https://huggingface.co/docs/safetensors.
package struct Safetensors: Sendable, Hashable {
    /// A named tensor.
    package struct Tensor: Sendable, Hashable {
        package let name: String
        /// Length along each axis, outermost first; their product is the number of elements.
        package let shape: [Int]
        /// The elements, row-major.
        package let elements: [Float]

        package init(name: String, shape: [Int], elements: [Float]) {
            self.name = name
            self.shape = shape
            self.elements = elements
        }
    }

    /// A piece of information about the file.
    package struct Note: Sendable, Hashable {
        package let name: String
        package let value: String

        package init(_ name: String, _ value: String) {
            self.name = name
            self.value = value
        }
    }

    /// The largest header, in bytes, that readers of the format accept.
    static let largestHeader = 100_000_000
    /// The header's entry for the notes, which no tensor can have as its name.
    static let notesName = "__metadata__"

    /// The tensors in the order of their data.
    package let tensors: [Tensor]
    /// What the header's `__metadata__` holds.
    package let notes: [Note]

    package init(tensors: [Tensor], notes: [Note] = []) {
        self.tensors = tensors
        self.notes = notes
    }

    /// The file's bytes.
    package var bytes: [UInt8] {
        var members: [JSON.Member] = []
        if !notes.isEmpty {
            members.append(.init(Safetensors.notesName, .object(notes.map { .init($0.name, .string($0.value)) })))
        }
        var offset = 0
        for tensor in tensors {
            let end = offset + tensor.elements.count * MemoryLayout<Float>.size
            members.append(
                .init(
                    tensor.name,
                    .object([
                        .init("dtype", .string("F32")), .init("shape", .array(tensor.shape.map { .number("\($0)") })),
                        .init("data_offsets", .array([.number("\(offset)"), .number("\(end)")])),
                    ])))
            offset = end
        }
        var header = Array(JSON.object(members).compactText.utf8)
        header += Array(repeating: UInt8(ascii: " "), count: (8 - header.count % 8) % 8)
        let length = (0..<8).map { UInt8(truncatingIfNeeded: header.count >> (8 * $0)) }
        return length + header + tensors.flatMap { littleEndianBytes($0.elements) }
    }
}
