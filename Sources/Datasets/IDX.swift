/// An array of unsigned bytes as an IDX file holds it.
package struct IDXArray: Sendable, Hashable {
    /// The lengths of the axes, the slowest first: (image, row, column) for images, (image) for labels.
    package let dimensions: [Int]
    /// The elements, the last axis fastest.
    package let bytes: [UInt8]

    /// Puts an array together; `bytes` holds the product of `dimensions`, each of which fits 32 bits.
    package init(dimensions: [Int], bytes: [UInt8]) {
        precondition(dimensions.count <= 255 && dimensions.allSatisfy { UInt32(exactly: $0) != nil }, "no IDX file has \(dimensions)")
        precondition(dimensions.reduce(1, *) == bytes.count, "\(bytes.count) bytes for an array of \(dimensions)")
        self.dimensions = dimensions
        self.bytes = bytes
    }

    /// The header that precedes the elements in a file: 00 00, type 08, number of dimensions, dimensions as big-endian 32-bit numbers.
    package var header: [UInt8] {
        [0, 0, IDX.unsignedByte, UInt8(dimensions.count)]
            + dimensions.flatMap { dimension in [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: dimension >> $0) } }
    }
}

/// The first elements along the slowest axis of the array that an IDX file holds: the first images, or the first labels.
package struct IDXBeginning: Sendable, Hashable {
    /// The lengths of the whole array's axes, the slowest first.
    package let dimensions: [Int]
    /// What was read of its elements, the last axis fastest.
    package let bytes: [UInt8]
}

/// The file format of MNIST: a header with type and dimensions, then the elements, row-major.
///
/// Source: Y. LeCun, "THE MNIST DATABASE of handwritten digits", section on file formats.
package enum IDX {
    /// The type byte of unsigned bytes.
    fileprivate static let unsignedByte: UInt8 = 0x08

    /// The most elements that a file may promise: 4 GiB, hundreds of times what a study of small images needs.
    private static let largestElementCount = 1 << 32

    /// Reads an array of unsigned bytes from a file, raw or gzip; its content tells which, not its name.
    ///
    /// - Parameters:
    ///   - path: The file.
    ///   - dimensionCount: The number of dimensions it must have: 3 for images, 1 for labels.
    /// - Throws: `DatasetError` with the file, the byte, what was expected and what was found.
    package static func read(path: String, dimensionCount: Int) throws(DatasetError) -> IDXArray {
        let whole = try readBeginning(path: path, dimensionCount: dimensionCount, count: .max)
        return IDXArray(dimensions: whole.dimensions, bytes: whole.bytes)
    }

    /// Reads the first `count` elements along the slowest axis, or all if there are fewer; what comes after them is not looked at.
    ///
    /// - Throws: as ``read(path:dimensionCount:)``.
    package static func readBeginning(path: String, dimensionCount: Int, count: Int) throws(DatasetError) -> IDXBeginning {
        var file = try DecodedFile(path: path)
        let dimensions = try readHeader(&file, dimensionCount: dimensionCount)
        var elementCount = 1
        for dimension in dimensions {
            let (product, overflow) = elementCount.multipliedReportingOverflow(by: dimension)
            elementCount = overflow ? .max : product
        }
        let promise = "\(dimensions.map(String.init).joined(separator: " x ")) elements, as its header says from byte 4 on"
        guard elementCount > 0 else {
            throw DatasetError(.malformed, "\(path) holds nothing: \(promise).")
        }
        guard elementCount <= largestElementCount else {
            throw DatasetError(
                .malformed, "\(path) cannot hold \(promise): no data set of small images has so many. Its header is damaged.")
        }
        let wanted = elementCount / dimensions[0] * min(dimensions[0], count)
        let bytes = try readElements(&file, count: wanted)
        let headerSize = 4 + 4 * dimensionCount
        guard bytes.count == wanted else {
            throw DatasetError(
                .malformed,
                """
                \(path) ends after \(headerSize + bytes.count) \(file.unit), but \(promise), end after \(headerSize + elementCount). \
                It is truncated or its header is damaged. Get the file anew.
                """)
        }
        if wanted < elementCount { return IDXBeginning(dimensions: dimensions, bytes: bytes) }
        guard try readElements(&file, count: 1).isEmpty else {
            throw DatasetError(
                .malformed,
                """
                \(path) goes on after \(headerSize + elementCount) \(file.unit), where \(promise), end. \
                Something was appended to it or its header is damaged. Get the file anew.
                """)
        }
        return IDXBeginning(dimensions: dimensions, bytes: bytes)
    }

    /// Writes an array to a file, raw; the file is there as a whole or not at all.
    ///
    /// - Throws: `DatasetError` where the system refuses.
    package static func write(_ array: IDXArray, to path: String) throws(DatasetError) {
        try writeWhole(array.header + array.bytes, to: path)
    }

    private static func readHeader(_ file: inout DecodedFile, dimensionCount: Int) throws(DatasetError) -> [Int] {
        let size = 4 + 4 * dimensionCount
        let header = try readElements(&file, count: size)
        let magic: [UInt8] = [0, 0, unsignedByte, UInt8(dimensionCount)]
        let expectation = "unsigned bytes in \(dimensionCount) dimension\(dimensionCount == 1 ? "" : "s")"
        guard header.starts(with: magic) || header.count < 4 else {
            let found = Array(header[..<4])
            throw DatasetError(
                .malformed,
                """
                \(file.path) is not an IDX file of \(expectation): it should begin with \(hexadecimal(magic)), but begins with \
                \(hexadecimal(found))\(explanation(of: found)).
                """)
        }
        guard header.count == size else {
            throw DatasetError(
                .malformed,
                """
                \(file.path) ends after \(header.count) \(file.unit), in the middle of the IDX header, which for \(expectation) has \(size). \
                Get the file anew.
                """)
        }
        return stride(from: 4, to: size, by: 4).map { offset in
            header[offset..<offset + 4].reduce(0) { $0 << 8 | Int($1) }
        }
    }

    /// What the first four bytes of a file that should be another say about it.
    private static func explanation(of found: [UInt8]) -> String {
        let types: [UInt8: String] = [
            0x08: "unsigned bytes", 0x09: "signed bytes", 0x0B: "16-bit integers", 0x0C: "32-bit integers", 0x0D: "32-bit floats",
            0x0E: "64-bit floats",
        ]
        guard found[0] == 0, found[1] == 0, let type = types[found[2]] else { return "" }
        return " (\(type) in \(found[3]) dimension\(found[3] == 1 ? "" : "s"))"
    }

    /// Reads `count` bytes, or what there is. Takes memory only for what the file can hold, whatever a header promised.
    private static func readElements(_ file: inout DecodedFile, count: Int) throws(DatasetError) -> [UInt8] {
        var bytes = try readPiece(&file, count: min(count, file.largestSize, 1 << 30))
        while bytes.count < count {
            let piece = try readPiece(&file, count: min(count - bytes.count, 1 << 18))
            if piece.isEmpty { break }
            bytes += piece
        }
        return bytes
    }

    /// Reads `count` bytes, or what there is, to where they stay.
    private static func readPiece(_ file: inout DecodedFile, count: Int) throws(DatasetError) -> [UInt8] {
        var failure: DatasetError?
        let bytes = [UInt8](unsafeUninitializedCapacity: count) { memory, filled in
            do throws(DatasetError) {
                filled = try file.read(into: UnsafeMutableRawBufferPointer(memory))
            } catch {
                failure = error
            }
        }
        if let failure { throw failure }
        return bytes
    }

    private static func hexadecimal(_ bytes: [UInt8]) -> String {
        bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined(separator: " ")
    }
}
