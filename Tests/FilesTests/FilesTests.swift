import Files
import TestSupport
import Testing

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

struct FilesTests {
    @Test(arguments: [0, 1, 1 << 18, (1 << 18) + 1, 3 << 18], [false, true])
    func bytesAreReadAsTheyWereWritten(count: Int, flushing: Bool) throws {
        let directory = try TemporaryDirectory()
        let bytes = (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 31 &+ $0 >> 8) }
        try writeFile(Array(repeating: 1, count: 10), to: directory("file"))
        try writeFile(bytes, to: directory("file"), flushing: flushing)
        try flushFile(directory("file"))
        try flushFolder(directory.path)
        #expect(try readFile(directory("file")) == bytes)
    }

    @Test func filesAreRenamedListedAndRemoved() throws {
        let directory = try TemporaryDirectory()
        for name in ["b", "a", ".c"] { try writeFile([], to: directory(name)) }
        try renameFile(directory("b"), to: directory("a"))
        #expect(try folderContents(directory.path) == [".c", "a"])
        try removeFile(directory("a"))
        #expect(try folderContents(directory.path) == [".c"])
    }

    @Test func foldersAreMadeAsFarAsTheyAreMissing() throws {
        let directory = try TemporaryDirectory()
        for path in ["x/y/z", "x/y/z", "x/w/"] { try makeFolders(directory(path)) }
        #expect(try folderContents(directory("x")) == ["w", "y"])
        try writeFile([], to: directory("x/file"))
        let file = #expect(throws: FileError.self) { try makeFolders(directory("x/file")) }
        #expect(file?.code == EEXIST)
        let below = #expect(throws: FileError.self) { try makeFolders(directory("x/file/below/it")) }
        #expect(below?.code == ENOTDIR)
    }

    @Test func aFolderIsRemovedWithItsFiles() throws {
        let directory = try TemporaryDirectory()
        try makeFolders(directory("folder"))
        for name in ["a", ".b"] { try writeFile([1], to: directory("folder/\(name)")) }
        try removeFolder(directory("folder"))
        #expect(try folderContents(directory.path) == [])
        try makeFolders(directory("outer/inner"))
        let error = #expect(throws: FileError.self) { try removeFolder(directory("outer")) }
        #expect(error?.description == "Cannot remove the directory \(directory("outer")): Directory not empty.")
    }

    @Test func failuresNameTheFileAndTheReason() throws {
        let directory = try TemporaryDirectory()
        let absent = directory("absent")
        let attempts: [(String, () throws(FileError) -> Void)] = [
            ("open \(absent)", { () throws(FileError) in _ = try readFile(absent) }),
            ("open the directory \(absent)", { () throws(FileError) in _ = try folderContents(absent) }),
            ("create \(absent)/file", { () throws(FileError) in try writeFile([1], to: "\(absent)/file") }),
            ("create \(absent)/file", { () throws(FileError) in try renameFile(absent, to: "\(absent)/file") }),
            ("remove \(absent)", { () throws(FileError) in try removeFile(absent) }),
            ("open \(absent)", { () throws(FileError) in try flushFile(absent) }),
            ("open \(absent)", { () throws(FileError) in try flushFolder(absent) }),
        ]
        for (what, attempt) in attempts {
            let error = #expect(throws: FileError.self) { try attempt() }
            #expect(error?.description == "Cannot \(what): No such file or directory.")
        }
        let unreadable = #expect(throws: FileError.self) { try readFile(directory.path) }
        #expect(unreadable?.description == "Cannot read \(directory.path): Is a directory.")
    }

    #if os(Linux)
        @Test(arguments: [false, true]) func aFullDiskIsAnError(flushing: Bool) {
            let error = #expect(throws: FileError.self) { try writeFile([1], to: "/dev/full", flushing: flushing) }
            #expect(error?.description == "Cannot write /dev/full: No space left on device.")
        }
    #endif

    @Test(arguments: [("a/b", "a"), ("/a", "/"), ("a", "."), ("/a/b/c", "/a/b")])
    func aPathsFolder(path: String, folder: String) { #expect(parentFolder(of: path) == folder) }
}
