import CNNCore
import FileFormats
import ForeignText

/// A file of checkpoints: safetensors with a checksum over all of it, so that whoever reads one knows that it is whole.
///
/// The first of the header's notes is `crc32`: the CRC-32 of the whole file, in eight hexadecimal digits, computed with `00000000` in their place.
enum CheckpointFile {
    /// How the file begins behind the length of its header, up to the digits of the checksum.
    private static let start = Array(#"{"__metadata__":{"crc32":""#.utf8)
    private static let digits = 8 + start.count..<8 + start.count + 8
    private static let noDigits = "00000000"

    /// The bytes of a file.
    static func bytes(tensors: [Safetensors.Tensor], notes: [Safetensors.Note]) -> [UInt8] {
        var bytes = Safetensors(tensors: tensors, notes: [.init("crc32", noDigits)] + notes).bytes
        let checksum = hexadecimal(bytes.withUnsafeBytes { crc32($0) })
        bytes.replaceSubrange(digits, with: checksum.utf8)
        return bytes
    }

    /// Reads a file and checks every byte of it.
    ///
    /// - Throws: ``CheckpointError`` that says what is wrong with it.
    static func parse(_ bytes: [UInt8]) throws(CheckpointError) -> Safetensors {
        // Damage to its form is told more exactly than by the checksum, which finds all other damage.
        let file: Safetensors
        do { file = try Safetensors(parsing: bytes) } catch { throw CheckpointError(error.description) }
        guard bytes.count >= digits.upperBound, bytes[8..<digits.lowerBound] == start[...] else {
            throw CheckpointError("Its header does not begin with a checksum: this is no checkpoint of minishard.")
        }
        let named = String(decoding: bytes[digits], as: UTF8.self)
        var plain = bytes
        plain.replaceSubrange(digits, with: noDigits.utf8)
        let actual = hexadecimal(plain.withUnsafeBytes { crc32($0) })
        guard named == actual else {
            throw CheckpointError("Its bytes are not those that were written: their CRC-32 is \(actual), and it names \(named.fitForLog).")
        }
        return file
    }

    private static func hexadecimal(_ value: UInt32) -> String {
        let text = String(value, radix: 16)
        return String(repeating: "0", count: 8 - text.count) + text
    }
}

/// A checkpoint that cannot be written or read.
package struct CheckpointError: Error, Hashable, CustomStringConvertible {
    /// Sentences for the user.
    package let description: String

    init(_ description: String) { self.description = description }
}

/// A vector as long as a model's parameters, channels-last, as one tensor a parameter tensor.
func parameterTensors(_ prefix: String, _ values: [Float], of model: SmallCNN) -> [Safetensors.Tensor] {
    let values = model.channelsFirst(values)
    return model.tensors.map { .init(name: prefix + $0.name, shape: $0.shape, elements: Array(values[$0.range])) }
}
