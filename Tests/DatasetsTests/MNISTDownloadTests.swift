import Digests
import Synchronization
import Testing

@testable import Datasets

/// An address where nothing listens.
let deadMirror = "http://127.0.0.1:1"

@Suite struct MNISTDownloadTests {
    private let dataset = smallDataset()
    private let mirror: TestMirror
    private let cache: TemporaryDirectory
    private let checksums: DatasetFiles<FileChecksums>

    private static let compressedNames = [
        "t10k-images-idx3-ubyte.gz", "t10k-labels-idx1-ubyte.gz", "train-images-idx3-ubyte.gz", "train-labels-idx1-ubyte.gz",
    ]

    init() throws {
        mirror = try TestMirror(serving: dataset)
        cache = try TemporaryDirectory()
        let files = mirror.files
        checksums = try DatasetFiles { FileChecksums(compressed: try MD5.hash(files[$0]).hexString, content: "") }
    }

    private func download(
        from mirrors: [String], checksums: DatasetFiles<FileChecksums>? = nil, log: @escaping @Sendable (String) -> Void = { _ in }
    ) -> MNISTDownload {
        MNISTDownload(directory: "\(cache.path)/mnist", mirrors: mirrors, checksums: checksums ?? self.checksums, log: log)
    }

    private func expectEqual(_ loaded: Dataset, sourceLocation: SourceLocation = #_sourceLocation) {
        #expect(loaded.name == "mnist", sourceLocation: sourceLocation)
        #expect(loaded.train == dataset.train, sourceLocation: sourceLocation)
        #expect(loaded.test == dataset.test, sourceLocation: sourceLocation)
    }

    @Test func filesAreDownloadedOnce() throws {
        let log = Log()
        let download = download(from: [mirror.address("good") + "/"], log: log.append)
        expectEqual(try download.load())
        #expect(try mirror.requests.sorted() == Self.compressedNames.map { "good/\($0)" })
        #expect(try cache.names(in: "mnist") == [".lock"] + Self.compressedNames)
        #expect(log.lines.sorted() == Self.compressedNames.map { "Downloading \(mirror.address("good"))/\($0)" })
        expectEqual(try download.load())
        #expect(try mirror.requests.count == 4)
    }

    @Test func whatIsThereAndRightNeedsNoWriting() throws {
        let directory = try cache.makeDirectory("mnist")
        for file in DatasetFile.allCases {
            try cache.write(mirror.files[file], to: "mnist/\(file.name).gz")
        }
        expectEqual(try MNISTDownload(directory: directory, mirrors: [], checksums: checksums, log: { _ in }).load())
        #expect(try cache.names(in: "mnist") == Self.compressedNames)
    }

    @Test func aWrongFileInTheCacheIsReplacedAndTheOthersAreKept() throws {
        expectEqual(try download(from: [mirror.address("good")]).load())
        for damage in [Array(mirror.files[.testLabels].dropLast()), [], Array("junk".utf8)] {
            try cache.write(damage, to: "mnist/t10k-labels-idx1-ubyte.gz")
            try cache.write([1, 2, 3], to: "mnist/t10k-labels-idx1-ubyte.gz.part")
            expectEqual(try download(from: [mirror.address("good")]).load())
        }
        #expect(try mirror.requests.dropFirst(4) == Array(repeating: "good/t10k-labels-idx1-ubyte.gz", count: 3)[...])
        #expect(try cache.names(in: "mnist") == [".lock"] + Self.compressedNames)
    }

    @Test func theNextMirrorIsTriedAfterABadOne() throws {
        let bad = [deadMirror] + ["absent", "truncated", "altered"].map(mirror.address)
        expectEqual(try download(from: bad + [mirror.address("moved")]).load())
        #expect(try mirror.requests.count(where: { $0.hasPrefix("moved/") }) == 4)
        #expect(try cache.names(in: "mnist") == [".lock"] + Self.compressedNames)
    }

    @Test(arguments: [
        ("absent", "curl: (22) The requested URL returned error: 404"),
        ("truncated", "curl: (18) transfer closed with"),
        ("altered", "what came is not the published file, by its MD5 checksum"),
    ])
    func aBadMirrorLeavesNothingBehind(kind: String, complaint: String) throws {
        let error = try datasetError { _ = try download(from: [mirror.address(kind)]).load() }
        #expect(error.kind == .transfer)
        #expect(
            error.description.hasPrefix(
                "MNIST cannot be downloaded (\(mirror.address(kind))/train-images-idx3-ubyte.gz: \(complaint)"), "\(error)")
        #expect(try cache.names(in: "mnist") == [".lock"])
    }

    @Test func withoutANetworkEveryMirrorIsNamed() throws {
        let other = "http://127.0.0.1:2/other"
        let started = ContinuousClock.now
        let error = try datasetError { _ = try download(from: [deadMirror, other]).load() }
        #expect(ContinuousClock.now - started < .seconds(30))
        #expect(error.kind == .transfer)
        #expect(error.description.contains("(\(deadMirror)/train-images-idx3-ubyte.gz: curl: (7) "))
        #expect(error.description.contains("; \(other)/train-images-idx3-ubyte.gz: curl: (7) "))
        #expect(error.description.hasSuffix("). Check the network, or give a directory with the four IDX files."))
        #expect(
            try datasetError { _ = try download(from: []).load() }.description.hasPrefix(
                "MNIST cannot be downloaded (no mirror is named)."))
    }

    @Test func aMissingProgramIsNamed() throws {
        let download = MNISTDownload(directory: cache.path, mirrors: [deadMirror, deadMirror], curl: "/absent/curl", log: { _ in })
        let error = try datasetError { _ = try download.load() }
        #expect(error.kind == .transfer)
        #expect(
            error.description == """
                MNIST cannot be downloaded: the program /absent/curl cannot be started: No such file or directory. \
                Check the network, or give a directory with the four IDX files.
                """)
    }

    @Test func contentThatWasCompressedAnewIsRight() throws {
        let contents = dataset.fileContents
        let checksums = try DatasetFiles { FileChecksums(compressed: "other", content: try MD5.hash(contents[$0]).hexString) }
        expectEqual(try download(from: [mirror.address("good")], checksums: checksums).load())
        let neither = DatasetFiles { _ in FileChecksums(compressed: "other", content: "other") }
        #expect(throws: DatasetError.self) { try download(from: [mirror.address("good")], checksums: neither).load() }
    }

    @Test func aDirectoryThatCannotBeMadeIsReported() throws {
        let file = try cache.write([], to: "file")
        let download = MNISTDownload(directory: "\(file)/mnist", mirrors: [mirror.address("good")], checksums: checksums, log: { _ in })
        let error = try datasetError { _ = try download.load() }
        #expect(error.kind == .inaccessible)
        #expect(error.description.contains("\(file)/mnist"))
        #expect(error.description.contains("Not a directory"))
    }

    @Test func manyAtOnceDownloadOnce() async throws {
        let download = download(from: [mirror.address("good")])
        try await withThrowingTaskGroup { group in
            for _ in 0..<6 {
                group.addTask { try await onThread { try download.load() } }
            }
            for try await loaded in group {
                expectEqual(loaded)
            }
        }
        #expect(try mirror.requests.count == 4)
    }

    @Test func aLockHeldByAnotherProcessIsWaitedFor() async throws {
        let directory = try cache.makeDirectory("mnist")
        let program = """
            import fcntl, sys
            lock = open(sys.argv[1], "w")
            fcntl.flock(lock, fcntl.LOCK_EX)
            print("locked", flush=True)
            sys.stdin.read()
            """
        let holder = Mutex<TestProcess?>(try TestProcess(["-c", program, "\(directory)/.lock"]))
        let log = Log()
        let download = download(from: [mirror.address("good")]) { line in
            log.append(line)
            // Ends the other process, once this one has found the lock taken.
            holder.withLock { $0 = nil }
        }
        expectEqual(try await onThread { try download.load() })
        #expect(log.lines.first == "Another process is downloading MNIST to \(directory); waiting for it.")
        #expect(log.lines.count == 5)
    }
}
