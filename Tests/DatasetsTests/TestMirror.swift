@testable import Datasets

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// An HTTP server on this machine with a data set's four files, compressed.
final class TestMirror: Sendable {
    let files: DatasetFiles<[UInt8]>
    private let directory: TemporaryDirectory
    private let process: TestProcess

    init(serving dataset: Dataset) throws {
        let directory = try TemporaryDirectory()
        let contents = dataset.fileContents
        files = try DatasetFiles { try gzip(contents[$0]) }
        for file in DatasetFile.allCases {
            try directory.write(files[file], to: "\(file.name).gz")
        }
        let script = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "Fixtures/server.py").path
        try directory.write([], to: "requests")
        process = try TestProcess([script, directory.path, "\(directory.path)/requests"])
        self.directory = directory
    }

    /// The address of a mirror that is good, absent (404), moved (redirects to the good one), truncated or altered.
    func address(_ kind: String) -> String {
        "http://127.0.0.1:\(process.firstLine)/\(kind)"
    }

    /// The requests so far, as `good/t10k-labels-idx1-ubyte.gz`.
    var requests: [String] {
        get throws {
            try String(contentsOf: URL(filePath: "\(directory.path)/requests"), encoding: .utf8).split(separator: "\n").map(String.init)
        }
    }
}
