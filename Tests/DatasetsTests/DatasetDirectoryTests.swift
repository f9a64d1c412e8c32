import Digests
import Testing

@testable import Datasets

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

@Suite struct DatasetDirectoryTests {
    private let directory: TemporaryDirectory

    init() throws {
        directory = try TemporaryDirectory()
    }

    private func write(_ files: DatasetFiles<[UInt8]>) throws {
        for file in DatasetFile.allCases {
            try directory.write(files[file], to: file.name)
        }
    }

    private func expectEqual(_ loaded: Dataset, _ expected: Dataset, sourceLocation: SourceLocation = #_sourceLocation) {
        #expect(loaded.train == expected.train, sourceLocation: sourceLocation)
        #expect(loaded.test == expected.test, sourceLocation: sourceLocation)
        #expect(loaded.sha256 == expected.sha256, sourceLocation: sourceLocation)
        #expect(loaded.classes == expected.classes, sourceLocation: sourceLocation)
    }

    @Test func digestAndClassesFollowFromTheContent() {
        let dataset = smallDataset()
        let bytes = dataset.train.pixels + dataset.train.labels + dataset.test.pixels + dataset.test.labels
        #expect(dataset.sha256 == SHA256.hash(bytes).hexString)
        #expect(dataset.train.labels == [9, 2, 5, 8, 1])
        #expect(dataset.test.labels == [2, 5, 8])
        #expect(dataset.classes == 10)
    }

    @Test func whatIsWrittenIsLoaded() throws {
        let dataset = smallDataset()
        let path = "\(directory.path)/deep/kuzushiji"
        try DatasetDirectory.write(dataset, to: path)
        #expect(
            try directory.names(in: "deep/kuzushiji") == [
                "t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte", "train-images-idx3-ubyte", "train-labels-idx1-ubyte",
            ])
        let loaded = try DatasetDirectory.load(path)
        expectEqual(loaded, dataset)
        #expect(loaded.name == "kuzushiji")
        #expect(try DatasetDirectory.load("\(path)/../kuzushiji/.").name == "kuzushiji")
    }

    @Test func filesAreFoundUnderAnyOfTheirNames() throws {
        let dataset = smallDataset()
        let contents = dataset.fileContents
        try directory.write(contents[.trainImages], to: "train-images.idx3-ubyte")
        try directory.write(gzip(contents[.trainLabels]), to: "train-labels.idx1-ubyte.gz")
        try directory.write(gzip(contents[.testImages]), to: "t10k-images-idx3-ubyte.gz")
        try directory.write(contents[.testLabels], to: "t10k-labels-idx1-ubyte")
        expectEqual(try DatasetDirectory.load(directory.path), dataset)
    }

    @Test func mnistIsKnownByItsContent() throws {
        let contents = smallDataset().fileContents
        let checksums = try DatasetFiles { FileChecksums(compressed: "", content: try MD5.hash(contents[$0]).hexString) }
        try write(contents)
        #expect(try DatasetDirectory.load(directory.path, mnist: checksums).name == "mnist")
        for file in DatasetFile.allCases {
            var altered = contents[file]
            altered[altered.count - 1] ^= 1
            try directory.write(altered, to: file.name)
            #expect(try DatasetDirectory.load(directory.path, mnist: checksums).name != "mnist", "\(file)")
            try directory.write(contents[file], to: file.name)
        }
    }

    @Test func missingFilesAreListedWithTheNamesLookedFor() throws {
        try write(smallDataset().fileContents)
        for file in [DatasetFile.trainLabels, .testImages] {
            try FileManager.default.removeItem(atPath: "\(directory.path)/\(file.name)")
        }
        let error = try datasetError { _ = try DatasetDirectory.load(directory.path) }
        #expect(error.kind == .missing)
        #expect(
            error.description == """
                The data directory \(directory.path) lacks 2 of a data set's 4 files: train-labels (looked for train-labels-idx1-ubyte, \
                train-labels-idx1-ubyte.gz, train-labels.idx1-ubyte, train-labels.idx1-ubyte.gz); t10k-images (looked for \
                t10k-images-idx3-ubyte, t10k-images-idx3-ubyte.gz, t10k-images.idx3-ubyte, t10k-images.idx3-ubyte.gz).
                """)
    }

    @Test func aDirectoryMustBeThere() throws {
        let missing = try datasetError { _ = try DatasetDirectory.load("\(directory.path)/absent") }
        #expect(missing.kind == .missing)
        #expect(missing.description == "Cannot open the data directory \(directory.path)/absent: No such file or directory.")
        let file = try directory.write([1], to: "file")
        let error = try datasetError { _ = try DatasetDirectory.load(file) }
        #expect(error.description == "\(file) is a file, where a directory with the four IDX files of a data set was expected.")
    }

    @Test func filesThatDoNotBelongTogetherAreRefused() throws {
        let dataset = smallDataset()
        try write(dataset.fileContents)
        try directory.write(smallDataset(testCount: 4).fileContents[.testLabels], to: DatasetFile.testLabels.name)
        var error = try datasetError { _ = try DatasetDirectory.load(directory.path) }
        #expect(error.kind == .inconsistent)
        #expect(
            error.description == """
                \(directory.path)/t10k-images-idx3-ubyte holds 3 images, but \(directory.path)/t10k-labels-idx1-ubyte 4 labels: \
                they do not belong together.
                """)

        try write(dataset.fileContents)
        try directory.write(smallDataset(height: 4, width: 3).fileContents[.testImages], to: DatasetFile.testImages.name)
        error = try datasetError { _ = try DatasetDirectory.load(directory.path) }
        #expect(error.kind == .inconsistent)
        #expect(
            error.description == """
                The images in \(directory.path)/train-images-idx3-ubyte measure 3 x 4 pixels, but those in \
                \(directory.path)/t10k-images-idx3-ubyte 4 x 3: they are of two data sets.
                """)
    }

    @Test func labelsBeyondTheClassesAreRefused() throws {
        try write(smallDataset().fileContents)
        #expect(try DatasetDirectory.load(directory.path, classes: 10).classes == 10)
        var error = try datasetError { _ = try DatasetDirectory.load(directory.path, classes: 9) }
        #expect(error.kind == .inconsistent)
        #expect(
            error.description == """
                \(directory.path)/train-labels-idx1-ubyte gives image 0 the label 9 (byte 8 of the decompressed file), \
                but there are 9 classes, 0 to 8.
                """)
        try directory.write(IDXArray(dimensions: [3], bytes: [0, 25, 1]).header + [0, 25, 1], to: DatasetFile.testLabels.name)
        #expect(try DatasetDirectory.load(directory.path).classes == 26)
        error = try datasetError { _ = try DatasetDirectory.load(directory.path, classes: 10) }
        #expect(
            error.description == """
                \(directory.path)/t10k-labels-idx1-ubyte gives image 1 the label 25 (byte 9 of the decompressed file), \
                but there are 10 classes, 0 to 9.
                """)
    }

    @Test func theFirstImagesAreThoseOfTheWhole() throws {
        let dataset = smallDataset()
        func beginning(_ set: ImageSet, _ count: Int) -> ImageSet {
            ImageSet(
                height: set.height, width: set.width, pixels: Array(set.pixels.prefix(min(count, set.count) * set.height * set.width)),
                labels: Array(set.labels.prefix(count)))
        }
        for compressed in [false, true] {
            for file in DatasetFile.allCases {
                let bytes = dataset.fileContents[file]
                try directory.write(compressed ? gzip(bytes) : bytes, to: file.name)
            }
            for (train, test) in [(1, 1), (4, 2), (5, 3), (6, 100), (Int.max, Int.max)] {
                let loaded = try DatasetDirectory.load(directory.path, counts: ImageCounts(train: train, test: test))
                let expected = Dataset(name: loaded.name, train: beginning(dataset.train, train), test: beginning(dataset.test, test))
                expectEqual(loaded, expected)
            }
        }
    }

    @Test func whatComesAfterTheFirstImagesNeedNotBeThere() throws {
        let contents = smallDataset().fileContents
        try write(contents)
        let (images, imageSize) = (contents[.trainImages], 12)
        for count in 16 + 2 * imageSize..<images.count {
            try directory.write(Array(images[..<count]), to: DatasetFile.trainImages.name)
            let loaded = try DatasetDirectory.load(directory.path, counts: ImageCounts(train: 2, test: 3))
            #expect(loaded.train.count == 2)
            #expect(throws: DatasetError.self) {
                try DatasetDirectory.load(directory.path, counts: ImageCounts(train: 1 + (count - 16) / imageSize, test: 3))
            }
        }
        // Labels are read whole.
        try write(contents)
        var labels = contents[.trainLabels]
        labels[labels.count - 1] = 12
        try directory.write(labels, to: DatasetFile.trainLabels.name)
        #expect(try DatasetDirectory.load(directory.path, counts: ImageCounts(train: 2, test: 3)).classes == 13)
        let error = try datasetError { _ = try DatasetDirectory.load(directory.path, classes: 10, counts: ImageCounts(train: 2, test: 3)) }
        #expect(error.kind == .inconsistent)
    }

    @Test func everyTruncationOfAnyFileIsRefused() throws {
        let contents = smallDataset().fileContents
        try write(contents)
        for file in DatasetFile.allCases {
            for (bytes, name) in [(contents[file], file.name), (try gzip(contents[file]), file.name)] {
                for count in 0..<bytes.count {
                    try directory.write(Array(bytes[..<count]), to: name)
                    #expect(throws: DatasetError.self) { try DatasetDirectory.load(directory.path) }
                }
            }
            try directory.write(contents[file], to: file.name)
        }
        #expect(try DatasetDirectory.load(directory.path).train.count == 5)
    }

    /// The MNIST files of `MINISHARD_TEST_MNIST`, or those beside the repository.
    private static let realMNIST: String? = {
        let beside = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../../../shared/mnist").standardized.path
        let path = ProcessInfo.processInfo.environment["MINISHARD_TEST_MNIST"] ?? beside
        return FileManager.default.fileExists(atPath: path) ? path : nil
    }()

    @Test(.enabled(if: realMNIST != nil, "NOT TESTED: no MNIST files. Set MINISHARD_TEST_MNIST to a directory that has them."))
    func realMNISTIsLoaded() throws {
        let dataset = try DatasetDirectory.load(try #require(Self.realMNIST), classes: 10)
        #expect((dataset.train.count, dataset.test.count) == (60_000, 10_000))
        #expect((dataset.train.height, dataset.train.width) == (28, 28))
        #expect(dataset.classes == 10)
        #expect(dataset.train.labels.prefix(10) == [5, 0, 4, 1, 9, 2, 1, 3, 1, 4])
        #expect(dataset.test.labels.prefix(10) == [7, 2, 1, 0, 4, 1, 4, 9, 5, 9])
        let counts = dataset.train.labels.reduce(into: [Int](repeating: 0, count: 10)) { $0[Int($1)] += 1 }
        #expect(counts == [5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949])
        // The published test images, whose pixels sum to a mean of 0.1325 of full white.
        let sum = dataset.test.pixels.reduce(into: 0) { $0 += Int($1) }
        #expect(sum == 264_923_200)
    }
}
