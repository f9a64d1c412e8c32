import Digests

/// One of the four files of which MNIST and its like consist.
package enum DatasetFile: Sendable, Hashable, CaseIterable {
    case trainImages, trainLabels, testImages, testLabels

    /// The name up to the format's ending.
    var stem: String {
        switch self {
        case .trainImages: "train-images"
        case .trainLabels: "train-labels"
        case .testImages: "t10k-images"
        case .testLabels: "t10k-labels"
        }
    }

    /// Number of dimensions: (image, row, column) for images, (image) for labels.
    var dimensionCount: Int {
        switch self {
        case .trainImages, .testImages: 3
        case .trainLabels, .testLabels: 1
        }
    }

    /// The name of the raw file.
    package var name: String { "\(stem)-idx\(dimensionCount)-ubyte" }

    /// Every name under which the file is found, the one to prefer first.
    var names: [String] {
        let alternative = "\(stem).idx\(dimensionCount)-ubyte"
        return [name, name + ".gz", alternative, alternative + ".gz"]
    }
}

/// A value for each of the four files.
package struct DatasetFiles<Value> {
    let trainImages: Value
    let trainLabels: Value
    let testImages: Value
    let testLabels: Value

    /// Finds the value for each file in turn.
    package init<Failure>(_ value: (DatasetFile) throws(Failure) -> Value) throws(Failure) {
        trainImages = try value(.trainImages)
        trainLabels = try value(.trainLabels)
        testImages = try value(.testImages)
        testLabels = try value(.testLabels)
    }

    /// The value for one file.
    package subscript(file: DatasetFile) -> Value {
        switch file {
        case .trainImages: trainImages
        case .trainLabels: trainLabels
        case .testImages: testImages
        case .testLabels: testLabels
        }
    }
}

extension DatasetFiles: Sendable where Value: Sendable {}
extension DatasetFiles: Equatable where Value: Equatable {}

/// The checksums by which a file is known, MD5 in hexadecimal.
package struct FileChecksums: Sendable, Hashable {
    /// Of the compressed file as it is served.
    package let compressed: String
    /// Of the decompressed file.
    package let content: String

    package init(compressed: String, content: String) {
        self.compressed = compressed
        self.content = content
    }
}

extension DatasetFiles<FileChecksums> {
    /// The checksums of MNIST as LeCun, Cortes and Burges published it.
    package static let mnist = DatasetFiles { file in
        switch file {
        case .trainImages: FileChecksums(compressed: "f68b3c2dcbeaaa9fbdd348bbdeb94873", content: "6bbc9ace898e44ae57da46a324031adb")
        case .trainLabels: FileChecksums(compressed: "d53e105ee54ea40749a09fcbcd1e9432", content: "a25bea736e30d166cdddb491f175f624")
        case .testImages: FileChecksums(compressed: "9fb629c4189551a2d022fa330f9573f3", content: "2646ac647ad5339dbf082846283269ea")
        case .testLabels: FileChecksums(compressed: "ec29112dd5afa0611ce80d1b7f02629c", content: "27ae3e4e09519cfbb04c629615203637")
        }
    }

    /// Whether these are the checksums of the four files.
    ///
    /// - Throws: `DatasetError` where one cannot be read.
    func match(_ paths: DatasetFiles<String>) throws(DatasetError) -> Bool {
        // The smallest first: other data sets are told apart without a look at their images.
        for file in [DatasetFile.testLabels, .trainLabels, .testImages, .trainImages] where try !match(paths[file], as: file) {
            return false
        }
        return true
    }

    /// Whether a file is there with the checksum of its content, be it compressed in another way.
    ///
    /// - Throws: `DatasetError` where it cannot be read.
    func match(_ path: String, as file: DatasetFile) throws(DatasetError) -> Bool {
        do {
            let checksum = try Self.checksum(path, inflating: false)
            if checksum == self[file].compressed || checksum == self[file].content { return true }
            guard try DecodedFile(path: path).isCompressed else { return false }
            return try Self.checksum(path, inflating: true) == self[file].content
        } catch {
            guard error.kind == .missing || error.kind == .malformed else { throw error }
            return false
        }
    }

    /// The MD5 of a file's bytes, or of what they inflate to.
    private static func checksum(_ path: String, inflating: Bool) throws(DatasetError) -> String {
        var file = try DecodedFile(path: path, inflating: inflating)
        var digest: MD5
        do {
            digest = try MD5()
        } catch {
            throw DatasetError(.inaccessible, "MNIST's files cannot be checked. \(error)")
        }
        let chunk = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 16, alignment: 16)
        defer { chunk.deallocate() }
        while true {
            let count = try file.read(into: chunk)
            guard count > 0 else { return digest.finalize().hexString }
            digest.update(UnsafeRawBufferPointer(rebasing: chunk[..<count]))
        }
    }
}
