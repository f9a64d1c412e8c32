import Files

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// Writes a file under a temporary name beside `path`, then gives it its name: it is there as a whole or not at all.
///
/// - Throws: `DatasetError` where the system refuses; the temporary file is gone then.
func writeWhole(_ bytes: [UInt8], to path: String) throws(DatasetError) {
    let temporary = path + ".part"
    do throws(FileError) {
        try writeFile(bytes, to: temporary)
    } catch {
        unlink(temporary)
        throw DatasetError(.inaccessible, "\(error)")
    }
    try nameFinished(temporary, path)
}

/// Gives a finished file its name.
///
/// - Throws: `DatasetError` where the system refuses; the file under its old name is gone then.
func nameFinished(_ temporary: String, _ path: String) throws(DatasetError) {
    do throws(FileError) {
        try renameFile(temporary, to: path)
    } catch {
        unlink(temporary)
        throw DatasetError(.inaccessible, "\(error)")
    }
}

/// Makes a directory, and those that lead to it, where they are missing.
///
/// - Throws: `DatasetError` where the system refuses.
func makeDirectory(_ path: String) throws(DatasetError) {
    do throws(FileError) { try makeFolders(path) } catch { throw DatasetError(.inaccessible, "\(error)") }
}
