import CNNCore
import FileFormats
import ForeignText

/// Takes a file's notes and tensors apart.
struct CheckpointReader {
    private let notes: [String: String]
    private let tensors: [String: Safetensors.Tensor]

    init(_ bytes: [UInt8]) throws(CheckpointError) {
        let file = try CheckpointFile.parse(bytes)
        // The reader of the format refuses names that occur twice.
        notes = Dictionary(file.notes.map { ($0.name, $0.value) }) { first, _ in first }
        tensors = Dictionary(file.tensors.map { ($0.name, $0) }) { first, _ in first }
    }

    func text(_ name: String) throws(CheckpointError) -> String {
        guard let text = notes[name] else { throw CheckpointError("It has no note '\(name)': this is no checkpoint of minishard.") }
        return text
    }

    func number<Number: FixedWidthInteger>(_ name: String) throws(CheckpointError) -> Number {
        let text = try text(name)
        guard let number = Number(text), number >= 0 else { throw CheckpointError("Its note '\(name)' is no number that is possible.") }
        return number
    }

    /// A number that was saved as its bits.
    func double(_ name: String) throws(CheckpointError) -> Double {
        let text = try text(name)
        guard text.hasPrefix("0x"), let bits = UInt64(text.dropFirst(2), radix: 16) else {
            throw CheckpointError("Its note '\(name)' is not a number's bits.")
        }
        return Double(bitPattern: bits)
    }

    func elements(_ name: String, shape: [Int]) throws(CheckpointError) -> Safetensors.Elements {
        guard let tensor = tensors[name] else { throw CheckpointError("It has no tensor '\(name)'.") }
        guard tensor.shape == shape else {
            throw CheckpointError("Its tensor '\(name)' has the shape \("\(tensor.shape)".fitForLog), and \(shape) is needed here.")
        }
        return tensor.elements
    }

    func floats(_ name: String, shape: [Int]) throws(CheckpointError) -> [Float] {
        guard case .float32(let values) = try elements(name, shape: shape) else { throw wrongType(name, "F32") }
        return values
    }

    func doubles(_ name: String, shape: [Int]) throws(CheckpointError) -> [Double] {
        guard case .float64(let values) = try elements(name, shape: shape) else { throw wrongType(name, "F64") }
        return values
    }

    func words(_ name: String, shape: [Int]) throws(CheckpointError) -> [UInt32] {
        guard case .uint32(let values) = try elements(name, shape: shape) else { throw wrongType(name, "U32") }
        return values
    }

    func bytes(_ name: String, shape: [Int]) throws(CheckpointError) -> [UInt8] {
        guard case .uint8(let values) = try elements(name, shape: shape) else { throw wrongType(name, "U8") }
        return values
    }

    /// A vector as long as a model's parameters, channels-last, from one tensor a parameter tensor.
    func parameters(_ prefix: String, of model: SmallCNN) throws(CheckpointError) -> [Float] {
        var values: [Float] = []
        values.reserveCapacity(model.parameterCount)
        for tensor in model.tensors { values += try floats(prefix + tensor.name, shape: tensor.shape) }
        return model.channelsLast(values)
    }

    private func wrongType(_ name: String, _ type: String) -> CheckpointError {
        CheckpointError("Its tensor '\(name)' does not have elements of type \(type).")
    }
}
