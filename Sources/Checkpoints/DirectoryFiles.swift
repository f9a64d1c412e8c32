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
        try Self.trying { () throws(FileError) in try makeFolders(path) }
    }

    package func list() throws(FileFailure) -> [String] {
        try Self.trying { () throws(FileError) in try folderContents(path) }
    }

    package func read(_ name: String) throws(FileFailure) -> [UInt8]? {
        try Self.trying { () throws(FileError) in
            do throws(FileError) { return try readFile(full(name)) } catch {
                guard error.code == ENOENT else { throw error }
                return nil
            }
        }
    }

    package func write(_ name: String, _ bytes: [UInt8]) throws(FileFailure) {
        try Self.trying { () throws(FileError) in try writeFile(bytes, to: full(name)) }
    }

    package func synchronize(_ name: String) throws(FileFailure) {
        try Self.trying { () throws(FileError) in try flushFile(full(name)) }
    }

    package func rename(_ name: String, to newName: String) throws(FileFailure) {
        try Self.trying { () throws(FileError) in try renameFile(full(name), to: full(newName)) }
    }

    package func synchronizeDirectory() throws(FileFailure) {
        try Self.trying { () throws(FileError) in try flushFolder(path) }
    }

    package func remove(_ name: String) throws(FileFailure) {
        try Self.trying { () throws(FileError) in try removeFile(full(name)) }
    }

    private func full(_ name: String) -> String { "\(path)/\(name)" }

    /// Does something with files, and says what can be done where that fails.
    private static func trying<Value>(_ body: () throws(FileError) -> Value) throws(FileFailure) -> Value {
        do throws(FileError) { return try body() } catch {
            let advice =
                switch error.code {
                case ENOSPC, EDQUOT: " Free some space there."
                case EACCES, EPERM, EROFS: " Make the folder one that may be written to."
                default: ""
                }
            throw FileFailure("\(error)\(advice)")
        }
    }
}
