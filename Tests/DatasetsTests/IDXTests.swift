import Testing

@testable import Datasets

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

@Suite struct IDXTests {
    private let directory: TemporaryDirectory
    private let images = IDXArray(dimensions: [2, 3, 4], bytes: (0..<24).map { $0 * 10 })

    init() throws {
        directory = try TemporaryDirectory()
    }

    private var imageFile: [UInt8] { images.header + images.bytes }

    private func read(_ bytes: [UInt8], dimensionCount: Int = 3, name: String = "file") throws -> IDXArray {
        try IDX.read(path: directory.write(bytes, to: name), dimensionCount: dimensionCount)
    }

    /// What is said of a file of these bytes, without its path.
    private func complaint(
        _ bytes: [UInt8], dimensionCount: Int = 3, sourceLocation: SourceLocation = #_sourceLocation
    ) throws -> String {
        let error = try datasetError(sourceLocation: sourceLocation) { _ = try read(bytes, dimensionCount: dimensionCount) }
        #expect(error.kind == .malformed, sourceLocation: sourceLocation)
        return error.description.replacing("\(directory.path)/file", with: "FILE")
    }

    @Test func headerIsThatOfTheFormat() {
        #expect(images.header == [0, 0, 8, 3, 0, 0, 0, 2, 0, 0, 0, 3, 0, 0, 0, 4])
        let labels = IDXArray(dimensions: [0x12345], bytes: [UInt8](repeating: 0, count: 0x12345))
        #expect(labels.header == [0, 0, 8, 1, 0, 1, 0x23, 0x45])
    }

    @Test func contentDecidesBetweenRawAndGzip() throws {
        #expect(try read(imageFile, name: "raw.gz") == images)
        #expect(try read(gzip(imageFile), name: "compressed") == images)
        #expect(try read(gzip(Array(imageFile[..<20])) + gzip(Array(imageFile[20...]))) == images)
    }

    @Test func arraysLargerThanAnyBufferComeBackWhole() throws {
        let bytes = (0..<700_001).map { UInt8(truncatingIfNeeded: $0 &* 2_654_435_761 >> 13) }
        let array = IDXArray(dimensions: [bytes.count], bytes: bytes)
        #expect(try read(array.header + bytes, dimensionCount: 1) == array)
        #expect(try read(gzip(array.header + bytes), dimensionCount: 1) == array)
        #expect(try complaint((array.header + bytes).dropLast(400_000), dimensionCount: 1).contains("ends after 300009 bytes, but"))
    }

    @Test func whatIsWrittenIsRead() throws {
        let path = "\(directory.path)/written"
        try IDX.write(images, to: path)
        #expect(try IDX.read(path: path, dimensionCount: 3) == images)
        #expect(try directory.names() == ["written"])
        let error = try datasetError { try IDX.write(images, to: "\(directory.path)/absent/file") }
        #expect(error.description == "Cannot create \(directory.path)/absent/file.part: No such file or directory.")
    }

    @Test func everyTruncationIsRefused() throws {
        for count in 0..<imageFile.count {
            _ = try complaint(Array(imageFile[..<count]))
        }
        let compressed = try gzip(imageFile)
        for count in 0..<compressed.count {
            _ = try complaint(Array(compressed[..<count]))
        }
    }

    @Test func everyFlippedHeaderBitIsRefused() throws {
        for bit in 0..<images.header.count * 8 {
            var damaged = imageFile
            damaged[bit / 8] ^= 1 << UInt8(bit % 8)
            _ = try complaint(damaged)
            _ = try complaint(gzip(damaged))
        }
    }

    /// A flipped bit of a gzip file is found, except where it says nothing about the content.
    @Test func everyFlippedGzipBitIsFoundOrHarmless() throws {
        let compressed = try gzip(imageFile)
        // Of the header the time, the extra flags, the operating system and the flag that calls the content text;
        // of the last byte before the 8 of the trailer what fills it up.
        let harmlessBytes = Array(3...9) + [compressed.count - 9]
        for bit in 0..<compressed.count * 8 {
            var damaged = compressed
            damaged[bit / 8] ^= 1 << UInt8(bit % 8)
            do {
                #expect(try read(damaged) == images)
                #expect(harmlessBytes.contains(bit / 8), "bit \(bit % 8) of byte \(bit / 8)")
            } catch let error as DatasetError {
                #expect(error.kind == .malformed)
            }
        }
    }

    @Test func complaintsNameByteExpectationAndFinding() throws {
        #expect(try complaint([]) == "FILE is empty, where a data file was expected.")
        #expect(
            try complaint(Array("<html>".utf8))
                == "FILE is not an IDX file of unsigned bytes in 3 dimensions: it should begin with 00 00 08 03, but begins with 3c 68 74 6d."
        )
        #expect(
            try complaint([0, 0, 0x0D, 2, 0, 0, 0, 1])
                == """
                FILE is not an IDX file of unsigned bytes in 3 dimensions: it should begin with 00 00 08 03, but begins with 00 00 0d 02 \
                (32-bit floats in 2 dimensions).
                """)
        #expect(
            try complaint(imageFile, dimensionCount: 1)
                == """
                FILE is not an IDX file of unsigned bytes in 1 dimension: it should begin with 00 00 08 01, but begins with 00 00 08 03 \
                (unsigned bytes in 3 dimensions).
                """)
        #expect(
            try complaint(Array(imageFile[..<11]))
                == """
                FILE ends after 11 bytes, in the middle of the IDX header, which for unsigned bytes in 3 dimensions has 16. \
                Get the file anew.
                """)
        #expect(
            try complaint(gzip(Array(imageFile[..<39])))
                == """
                FILE ends after 39 decompressed bytes, but 2 x 3 x 4 elements, as its header says from byte 4 on, end after 40. \
                It is truncated or its header is damaged. Get the file anew.
                """)
        #expect(
            try complaint(imageFile + [0])
                == """
                FILE goes on after 40 bytes, where 2 x 3 x 4 elements, as its header says from byte 4 on, end. \
                Something was appended to it or its header is damaged. Get the file anew.
                """)
        #expect(
            try complaint([0, 0, 8, 3, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0, 4])
                == "FILE holds nothing: 2 x 0 x 4 elements, as its header says from byte 4 on.")
        #expect(
            try complaint([0, 0, 8, 3] + [UInt8](repeating: 0xFF, count: 12))
                == """
                FILE cannot hold 4294967295 x 4294967295 x 4294967295 elements, as its header says from byte 4 on: \
                no data set of small images has so many. Its header is damaged.
                """)
    }

    @Test func damagedGzipDataAreLocated() throws {
        let compressed = try gzip(imageFile)
        let count = compressed.count
        #expect(
            try complaint(Array(compressed[..<(count - 3)]))
                == "FILE ends at byte \(count - 3), in the middle of its gzip data: it is truncated. Get the file anew.")
        #expect(
            try complaint(compressed + Array("junk".utf8))
                == "FILE goes on after its gzip data, at byte \(count), with something else. Get the file anew.")
        var damaged = compressed
        damaged[count - 8] ^= 1
        #expect(
            try complaint(damaged)
                == "FILE has damaged gzip data, noticed at byte \(count): incorrect checksum or length. Get the file anew.")
        damaged = compressed
        damaged[count - 4] ^= 1
        #expect(
            try complaint(damaged)
                == "FILE has damaged gzip data, noticed at byte \(count): incorrect checksum or length. Get the file anew.")
    }

    @Test func whatIsNoFileIsRefused() throws {
        let missing = try datasetError { _ = try IDX.read(path: "\(directory.path)/absent", dimensionCount: 1) }
        #expect(missing.kind == .missing)
        #expect(missing.description == "Cannot open \(directory.path)/absent: No such file or directory.")
        let folder = try datasetError { _ = try IDX.read(path: directory.path, dimensionCount: 1) }
        #expect(folder.description == "\(directory.path) is a directory, where a data file was expected.")
        let device = try datasetError { _ = try IDX.read(path: "/dev/zero", dimensionCount: 1) }
        #expect(device.description == "/dev/zero is neither a file nor a link to one, where a data file was expected.")
        let pipe = "\(directory.path)/pipe"
        try #require(mkfifo(pipe, 0o600) == 0)
        let named = try datasetError { _ = try IDX.read(path: pipe, dimensionCount: 1) }
        #expect(named.description == "\(pipe) is neither a file nor a link to one, where a data file was expected.")
    }

    #if os(Linux)
        @Test func aReadErrorIsReported() throws {
            // A regular file whose first page no process can read.
            let error = try datasetError { _ = try IDX.read(path: "/proc/self/mem", dimensionCount: 1) }
            #expect(error.kind == .inaccessible)
            #expect(error.description == "Cannot read /proc/self/mem: Input/output error.")
        }
    #endif
}
