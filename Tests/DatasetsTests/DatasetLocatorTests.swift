import Digests
import Testing

@testable import Datasets

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

@Suite struct DatasetLocatorTests {
    private let dataset = smallDataset()
    private let directory: TemporaryDirectory

    init() throws {
        directory = try TemporaryDirectory()
    }

    private func locator(
        _ environment: [String: String], checksums: DatasetFiles<FileChecksums> = .mnist
    ) -> DatasetLocator {
        DatasetLocator(
            environment: { environment[$0] }, checksums: checksums, synthetic: { smallDataset(name: "synthetic digits") }, log: { _ in })
    }

    /// Makes a directory with a data set's files, compressed as in the cache, and returns the checksums by which they are known.
    private func writeCompressed(to name: String) throws -> DatasetFiles<FileChecksums> {
        _ = try directory.makeDirectory(name)
        let contents = dataset.fileContents
        return try DatasetFiles { file in
            let compressed = try gzip(contents[file])
            try directory.write(compressed, to: "\(name)/\(file.name).gz")
            return FileChecksums(compressed: try MD5.hash(compressed).hexString, content: "")
        }
    }

    @Test func argumentsNameSources() {
        #expect(DataSource(argument: "mnist") == .mnist)
        #expect(DataSource(argument: "synthetic") == .synthetic)
        #expect(DataSource(argument: "./mnist") == .directory("./mnist"))
        #expect(DataSource(argument: "/data/fashion") == .directory("/data/fashion"))
    }

    @Test func aDirectoryIsTakenAsItIs() throws {
        let path = "\(directory.path)/digits"
        try DatasetDirectory.write(dataset, to: path)
        let named = try locator(["MINISHARD_DATA": "/absent"]).locate(.directory(path))
        #expect(named.dataset.sha256 == dataset.sha256)
        #expect(named.dataset.name == "digits")
        #expect(named.notice == nil)
        let fromEnvironment = try locator(["MINISHARD_DATA": path]).locate(nil)
        #expect(fromEnvironment.dataset.sha256 == dataset.sha256)
        #expect(fromEnvironment.notice == nil)
        #expect(throws: DatasetError.self) { try locator([:]).locate(.directory(path), classes: 9) }
        #expect(throws: DatasetError.self) { try locator(["MINISHARD_DATA": path]).locate(nil, classes: 9) }
    }

    /// What the user named is never replaced by something else.
    @Test func aSourceThatWasNamedMustBeThere() throws {
        let absent = "\(directory.path)/absent"
        #expect(try datasetError { _ = try locator([:]).locate(.directory(absent)) }.kind == .missing)
        #expect(try datasetError { _ = try locator(["MINISHARD_DATA": absent]).locate(nil) }.kind == .missing)
        let offline = ["MINISHARD_CACHE": directory.path, "MINISHARD_MNIST_MIRRORS": deadMirror]
        let error = try datasetError { _ = try locator(offline).locate(.mnist) }
        #expect(error.kind == .transfer)
        #expect(error.description.contains(deadMirror))
        #expect(try datasetError { _ = try locator(offline.merging(["MINISHARD_DATA": "mnist"]) { $1 }).locate(nil) }.kind == .transfer)
        let homeless = try datasetError { _ = try locator(["XDG_CACHE_HOME": "relative", "HOME": ""]).locate(.mnist) }
        #expect(
            homeless.description
                == "There is no cache directory for MNIST: neither MINISHARD_CACHE nor XDG_CACHE_HOME nor HOME is set.")
    }

    #if canImport(Darwin)
        private static let cacheUnderHome = "Library/Caches/minishard"
    #else
        private static let cacheUnderHome = ".cache/minishard"
    #endif

    @Test(arguments: [
        ("cache", ["MINISHARD_CACHE": "cache", "XDG_CACHE_HOME": "other", "HOME": "home"]),
        ("other/minishard", ["XDG_CACHE_HOME": "other", "HOME": "home"]),
        ("home/\(cacheUnderHome)", ["HOME": "home", "MINISHARD_DATA": ""]),
    ])
    func theCacheIsWhereTheEnvironmentSays(place: String, variables: [String: String]) throws {
        let checksums = try writeCompressed(to: "\(place)/mnist")
        let environment = variables.mapValues { $0.isEmpty ? "" : "\(directory.path)/\($0)" }
            .merging(["MINISHARD_MNIST_MIRRORS": deadMirror]) { $1 }
        for source in [nil, DataSource.mnist] {
            let located = try locator(environment, checksums: checksums).locate(source)
            #expect(located.dataset.sha256 == dataset.sha256)
            #expect(located.dataset.name == "mnist")
            #expect(located.notice == nil)
        }
    }

    @Test func mnistIsDownloadedIntoTheCache() throws {
        let mirror = try TestMirror(serving: dataset)
        let checksums = try DatasetFiles { FileChecksums(compressed: try MD5.hash(mirror.files[$0]).hexString, content: "") }
        let environment = [
            "MINISHARD_CACHE": "\(directory.path)/cache", "MINISHARD_MNIST_MIRRORS": " \(deadMirror), \(mirror.address("good"))",
        ]
        for _ in 0..<2 {
            let located = try locator(environment, checksums: checksums).locate(nil)
            #expect(located.dataset.sha256 == dataset.sha256)
            #expect(located.notice == nil)
        }
        #expect(try mirror.requests.count == 4)
        #expect(try directory.names(in: "cache/mnist").count == 5)
    }

    @Test func withoutMNISTTheDigitsAreSyntheticAndTheNoticeSaysSo() throws {
        let offline = ["MINISHARD_CACHE": directory.path, "MINISHARD_MNIST_MIRRORS": deadMirror]
        let located = try locator(offline).locate(nil)
        #expect(located.dataset.name == "synthetic digits")
        let notice = try #require(located.notice)
        let lines = notice.split(separator: "\n")
        #expect(lines.count >= 8)
        #expect(lines.allSatisfy { $0.hasPrefix("***") })
        #expect(lines[1].hasPrefix("*** SYNTHETIC DIGITS, NOT MNIST."))
        let text = lines.dropFirst().dropLast().map { $0.dropFirst(4) }.joined(separator: " ")
        #expect(text.contains("Why: MNIST cannot be downloaded (\(deadMirror)/train-images-idx3-ubyte.gz: curl: (7) "))
        #expect(text.contains("For real data: --data DIR or MINISHARD_DATA=DIR"))
        let asked = try locator(offline).locate(.synthetic)
        #expect(asked.dataset.name == "synthetic digits")
        #expect(asked.notice == nil)
    }

    /// Who stops the download does not want to train on something else instead.
    @Test func anInterruptedDownloadIsNotReplaced() throws {
        let script = try directory.write(Array("#!/bin/sh\nkill -INT $$\n".utf8), to: "curl")
        try #require(chmod(script, 0o755) == 0)
        let log = Log()
        let locator = DatasetLocator(
            environment: { [path = directory.path] in ["MINISHARD_CACHE": path][$0] }, curl: script, synthetic: { smallDataset() },
            log: log.append)
        let error = try datasetError { _ = try locator.locate(nil) }
        #expect(error.kind == .interrupted)
        #expect(
            error.description == """
                The download of https://ossci-datasets.s3.amazonaws.com/mnist/train-images-idx3-ubyte.gz was interrupted: \
                \(script) was killed by signal 2.
                """)
        #expect(log.lines.count == 1)
        #expect(try directory.names(in: "mnist") == [".lock"])
    }
}
