#if _endian(big)
    #error("Safetensors are little-endian, and this code copies elements as they stand in memory.")
#endif

/// A file of named tensors as PyTorch, JAX, MLX and the Hugging Face tools read it.
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
        package let elements: Elements

        package init(name: String, shape: [Int], elements: Elements) {
            self.name = name
            self.shape = shape
            self.elements = elements
        }

        /// A tensor of 32-bit floats.
        package init(name: String, shape: [Int], elements: [Float]) {
            self.init(name: name, shape: shape, elements: .float32(elements))
        }

        /// The elements of a tensor of 32-bit floats; none for one of another type.
        package var floats: [Float] { if case .float32(let values) = elements { values } else { [] } }
    }

    /// A tensor's elements, of one of the types that this program has a use for.
    package enum Elements: Sendable, Hashable {
        case float32([Float])
        case float64([Double])
        case uint32([UInt32])
        case uint8([UInt8])

        /// The type's name in the header.
        var type: ElementType {
            switch self {
            case .float32: .float32
            case .float64: .float64
            case .uint32: .uint32
            case .uint8: .uint8
            }
        }

        package var count: Int {
            switch self {
            case .float32(let values): values.count
            case .float64(let values): values.count
            case .uint32(let values): values.count
            case .uint8(let values): values.count
            }
        }

        /// Lends the elements as the file has them.
        func withBytes<Result>(_ body: (UnsafeRawBufferPointer) -> Result) -> Result {
            switch self {
            case .float32(let values): values.withUnsafeBytes(body)
            case .float64(let values): values.withUnsafeBytes(body)
            case .uint32(let values): values.withUnsafeBytes(body)
            case .uint8(let values): values.withUnsafeBytes(body)
            }
        }
    }

    /// The element types by their names in the header.
    enum ElementType: String, CaseIterable {
        case float32 = "F32"
        case float64 = "F64"
        case uint32 = "U32"
        case uint8 = "U8"

        /// Bytes of an element.
        var size: Int {
            switch self {
            case .float64: 8
            case .float32, .uint32: 4
            case .uint8: 1
            }
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
            let type = tensor.elements.type
            let end = offset + tensor.elements.count * type.size
            members.append(
                .init(
                    tensor.name,
                    .object([
                        .init("dtype", .string(type.rawValue)), .init("shape", .array(tensor.shape.map { .number("\($0)") })),
                        .init("data_offsets", .array([.number("\(offset)"), .number("\(end)")])),
                    ])))
            offset = end
        }
        var header = Array(JSON.object(members).compactText.utf8)
        header += Array(repeating: UInt8(ascii: " "), count: (8 - header.count % 8) % 8)
        var bytes: [UInt8] = []
        bytes.reserveCapacity(8 + header.count + offset)
        bytes += (0..<8).map { UInt8(truncatingIfNeeded: header.count >> (8 * $0)) }
        bytes += header
        for tensor in tensors { tensor.elements.withBytes { bytes.append(contentsOf: $0) } }
        return bytes
    }
}
