/// A folder of files whose contents and names can be made to outlast a crash, each when asked for.
package protocol DurableFiles: AnyObject {
    /// The names in the folder, in any order.
    func list() throws(FileFailure) -> [String]
    /// The bytes of a file; nil if there is none of that name.
    func read(_ name: String) throws(FileFailure) -> [UInt8]?
    /// Makes a file, or empties it, and writes it. A crash may leave any part of it, until ``synchronize(_:)``.
    func write(_ name: String, _ bytes: [UInt8]) throws(FileFailure)
    /// Makes a file's bytes outlast a crash.
    func synchronize(_ name: String) throws(FileFailure)
    /// Gives a file another name, in place of the file that has it. A crash may undo that, until ``synchronizeDirectory()``.
    func rename(_ name: String, to newName: String) throws(FileFailure)
    /// Makes the names in the folder outlast a crash.
    func synchronizeDirectory() throws(FileFailure)
    /// Removes a file. A crash may undo that, until ``synchronizeDirectory()``.
    func remove(_ name: String) throws(FileFailure)
}

/// Something that a file system would not do.
package struct FileFailure: Error, Hashable, CustomStringConvertible {
    /// A sentence: what, which file, why.
    package let description: String

    package init(_ description: String) { self.description = description }
}

extension DurableFiles {
    /// Writes a file that is there with all its bytes, even after a crash, or not at all, once ``synchronizeDirectory()`` has followed. Whatever happens,
    /// a file that has the name already stays as it is until then.
    func replace(_ name: String, _ bytes: [UInt8]) throws(FileFailure) {
        let temporary = name + DurableFileName.temporarySuffix
        do throws(FileFailure) {
            try write(temporary, bytes)
            try synchronize(temporary)
            try rename(temporary, to: name)
        } catch {
            // What has been written of it takes up space that is short, perhaps; should that fail too, the next attempt overwrites it.
            try? remove(temporary)
            throw error
        }
    }
}

enum DurableFileName {
    /// The end of the name of a file that is being written.
    static let temporarySuffix = ".part"
}
