import Digests

/// The SHA-256, in hexadecimal, of parameters as little-endian float32 in the order given: for `TrainingOutcome`'s that of PyTorch's `state_dict`.
package func weightsSHA256(_ parameters: [Float]) -> String {
    SHA256.hash(littleEndianBytes(parameters)).hexString
}

/// Floats as the bytes of little-endian float32, back to back.
package func littleEndianBytes(_ values: [Float]) -> [UInt8] {
    let words = values.map { $0.bitPattern.littleEndian }
    return words.withUnsafeBytes { Array($0) }
}
