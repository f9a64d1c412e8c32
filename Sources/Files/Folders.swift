#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// Makes a folder and those that it is in, as far as they are missing; they outlast a power failure.
///
/// - Throws: ``FileError`` when the system refuses; with the code `EEXIST` when a file stands there.
package func makeFolders(_ path: String) throws(FileError) {
    let parent = parentFolder(of: path)
    if mkdir(path, 0o755) == 0 { return try flushFolder(parent) }
    if errno == ENOENT, parent != path {
        try makeFolders(parent)
        if mkdir(path, 0o755) == 0 { return try flushFolder(parent) }
    }
    let failure = FileError("create the directory", path)
    var status = stat()
    guard failure.code == EEXIST, stat(path, &status) == 0, status.st_mode & S_IFMT == S_IFDIR else { throw failure }
}

/// Removes a folder and the files in it.
///
/// - Throws: ``FileError`` when it is not there, or stays: there is a folder in it, perhaps.
package func removeFolder(_ path: String) throws(FileError) {
    for name in try folderContents(path) { unlink("\(path)/\(name)") }
    guard rmdir(path) == 0 else { throw FileError("remove the directory", path) }
}

/// The folder that a path's last component is in.
package func parentFolder(of path: String) -> String {
    guard let slash = path.lastIndex(of: "/") else { return "." }
    return slash == path.startIndex ? "/" : String(path[..<slash])
}
