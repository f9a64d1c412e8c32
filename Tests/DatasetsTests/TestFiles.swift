import CZlib
import Dispatch
import Synchronization
import Testing

@testable import Datasets

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// A directory that is gone once its owner is.
final class TemporaryDirectory: Sendable {
    let path: String

    init() throws {
        let url = FileManager.default.temporaryDirectory.appending(path: "minishard-tests-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
        path = url.path
    }

    /// Makes a directory in it and returns its path.
    func makeDirectory(_ name: String) throws -> String {
        let directory = "\(path)/\(name)"
        try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
        return directory
    }

    /// Writes a file and returns its path.
    @discardableResult
    func write(_ bytes: [UInt8], to name: String) throws -> String {
        let file = "\(path)/\(name)"
        // File systems force a file to disk that replaces another; these tests write thousands.
        try? FileManager.default.removeItem(atPath: file)
        try writeWhole(bytes, to: file)
        return file
    }

    /// The names of all that is in it, or in one of its directories.
    func names(in subdirectory: String = "") throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: "\(path)/\(subdirectory)").sorted()
    }

    deinit {
        try? FileManager.default.removeItem(atPath: path)
    }
}

/// What a gzip program makes of some bytes.
func gzip(_ bytes: [UInt8]) throws -> [UInt8] {
    var stream = z_stream()
    let status = deflateInit2_(
        &stream, 9, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size))
    try #require(status == Z_OK)
    defer { deflateEnd(&stream) }
    var input = bytes
    var output = [UInt8](repeating: 0, count: bytes.count + 1000)
    input.withUnsafeMutableBufferPointer { input in
        output.withUnsafeMutableBufferPointer { output in
            stream.next_in = input.baseAddress
            stream.avail_in = UInt32(input.count)
            stream.next_out = output.baseAddress
            stream.avail_out = UInt32(output.count)
            #expect(deflate(&stream, Z_FINISH) == Z_STREAM_END)
        }
    }
    return Array(output.prefix(Int(stream.total_out)))
}

/// A data set of a few small images with something in each pixel.
func smallDataset(name: String = "small", trainCount: Int = 5, testCount: Int = 3, height: Int = 3, width: Int = 4) -> Dataset {
    func images(_ count: Int, salt: Int) -> ImageSet {
        ImageSet(
            height: height, width: width, pixels: (0..<count * height * width).map { UInt8(truncatingIfNeeded: $0 * 37 + salt) },
            labels: (0..<count).map { UInt8(($0 * 3 + salt) % 10) })
    }
    return Dataset(name: name, train: images(trainCount, salt: 9), test: images(testCount, salt: 2))
}

extension Dataset {
    /// The contents of the four files that hold it.
    var fileContents: DatasetFiles<[UInt8]> {
        DatasetFiles { file in
            let isTest = file == .testImages || file == .testLabels
            let set = isTest ? test : train
            let array =
                file.dimensionCount == 3
                ? IDXArray(dimensions: [set.count, set.height, set.width], bytes: set.pixels)
                : IDXArray(dimensions: [set.count], bytes: set.labels)
            return array.header + array.bytes
        }
    }
}

/// What `body` throws, which must be a `DatasetError`.
func datasetError(sourceLocation: SourceLocation = #_sourceLocation, _ body: () throws -> Void) throws -> DatasetError {
    try #require(throws: DatasetError.self, sourceLocation: sourceLocation, performing: body)
}

/// Lines that were logged.
final class Log: Sendable {
    private let storage = Mutex<[String]>([])

    var lines: [String] { storage.withLock { $0 } }

    @Sendable func append(_ line: String) {
        storage.withLock { $0.append(line) }
    }
}

/// Runs what blocks on a thread of its own.
func onThread<Result: Sendable>(_ body: @escaping @Sendable () throws -> Result) async throws -> Result {
    try await withCheckedThrowingContinuation { continuation in
        DispatchQueue(label: "test").async {
            continuation.resume(with: Swift.Result(catching: body))
        }
    }
}
