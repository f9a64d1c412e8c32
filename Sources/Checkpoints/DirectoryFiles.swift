import Files

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// The files of a folder of this machine.
package final class DirectoryFiles: DurableFiles {
    /// The folder's path.
    package let path: String

    /// Takes a folder, which is made if it is missing.
    ///
    /// - Throws: ``FileFailure`` when it cannot be made.
    package init(_ path: String) throws(FileFailure) {
        self.path = path
        try Self.trying(try makeFolders(path))
    }

    package func list() throws(FileFailure) -> [String] {
        try Self.trying(try folderContents(path))
    }

    package func read(_ name: String) throws(FileFailure) -> [UInt8]? {
        do throws(FileError) {
            return try readFile(full(name))
        } catch {
            guard error.code == ENOENT else { throw Self.failure(error) }
            return nil
        }
    }

    package func write(_ name: String, _ bytes: [UInt8]) throws(FileFailure) {
        try Self.trying(try writeFile(bytes, to: full(name)))
    }

    package func synchronize(_ name: String) throws(FileFailure) {
        try Self.trying(try flushFile(full(name)))
    }

    package func rename(_ name: String, to newName: String) throws(FileFailure) {
        try Self.trying(try renameFile(full(name), to: full(newName)))
    }

    package func synchronizeDirectory() throws(FileFailure) {
        try Self.trying(try flushFolder(path))
    }

    package func remove(_ name: String) throws(FileFailure) {
        try Self.trying(try removeFile(full(name)))
    }

    private func full(_ name: String) -> String { "\(path)/\(name)" }

    private static func trying<Value>(_ body: @autoclosure () throws(FileError) -> Value) throws(FileFailure) -> Value {
        do throws(FileError) { return try body() } catch { throw failure(error) }
    }

    /// The system's failure, and what can be done about it.
    private static func failure(_ error: FileError) -> FileFailure {
        let advice =
            switch error.code {
            case ENOSPC, EDQUOT: " Free some space there."
            case EACCES, EPERM, EROFS: " Make the folder one that may be written to."
            default: ""
            }
        return FileFailure("\(error)\(advice)")
    }
}
