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

    /// Takes a folder, which is made if it is missing; the folder that it is in must be there.
    ///
    /// - Throws: ``FileFailure`` when it cannot be made.
    package init(_ path: String) throws(FileFailure) {
        self.path = path
        guard mkdir(path, 0o755) == 0 || errno == EEXIST else { throw DirectoryFiles.failure("make the folder", path) }
    }

    package func list() throws(FileFailure) -> [String] {
        guard let folder = opendir(path) else { throw DirectoryFiles.failure("open the folder", path) }
        defer { closedir(folder) }
        var names: [String] = []
        while let entry = readdir(folder) {
            let name = withUnsafeBytes(of: &entry.pointee.d_name) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
            if name != ".", name != ".." { names.append(name) }
        }
        return names
    }

    package func read(_ name: String) throws(FileFailure) -> [UInt8]? {
        let file = open(full(name), O_RDONLY | O_CLOEXEC)
        if file < 0, errno == ENOENT { return nil }
        guard file >= 0 else { throw DirectoryFiles.failure("open", full(name)) }
        defer { close(file) }
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 1 << 18)
        while true {
            let count = buffer.withUnsafeMutableBytes { systemRead(file, $0) }
            if count == 0 { return bytes }
            if count > 0 {
                bytes += buffer[..<count]
            } else if errno != EINTR {
                throw DirectoryFiles.failure("read", full(name))
            }
        }
    }

    package func write(_ name: String, _ bytes: [UInt8]) throws(FileFailure) {
        let file = open(full(name), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644)
        guard file >= 0 else { throw DirectoryFiles.failure("create", full(name)) }
        var written = 0
        while written < bytes.count {
            let result = bytes.withUnsafeBytes { systemWrite(file, UnsafeRawBufferPointer(rebasing: $0[written...])) }
            if result > 0 {
                written += result
            } else if result < 0, errno != EINTR {
                let failure = DirectoryFiles.failure("write", full(name))
                close(file)
                throw failure
            }
        }
        guard close(file) == 0 else { throw DirectoryFiles.failure("write", full(name)) }
    }

    package func synchronize(_ name: String) throws(FileFailure) {
        try flush(full(name), O_WRONLY, mayRefuse: false)
    }

    package func rename(_ name: String, to newName: String) throws(FileFailure) {
        guard systemRename(full(name), full(newName)) == 0 else { throw DirectoryFiles.failure("rename", full(name)) }
    }

    package func synchronizeDirectory() throws(FileFailure) {
        // Some file systems refuse to flush a folder (EINVAL); they keep its names in order by themselves.
        try flush(path, O_RDONLY | O_DIRECTORY, mayRefuse: true)
    }

    package func remove(_ name: String) throws(FileFailure) {
        guard unlink(full(name)) == 0 else { throw DirectoryFiles.failure("remove", full(name)) }
    }

    private func full(_ name: String) -> String { "\(path)/\(name)" }

    private func flush(_ path: String, _ flags: Int32, mayRefuse: Bool) throws(FileFailure) {
        let file = open(path, flags | O_CLOEXEC)
        guard file >= 0 else { throw DirectoryFiles.failure("open", path) }
        defer { close(file) }
        while fsync(file) != 0 {
            if errno == EINTR { continue }
            if mayRefuse, errno == EINVAL { return }
            throw DirectoryFiles.failure("write", path)
        }
    }

    /// The failure of a system call that has just set `errno`.
    private static func failure(_ action: String, _ path: String) -> FileFailure {
        let code = errno
        let advice =
            switch code {
            case ENOSPC, EDQUOT: " Free some space there."
            case EACCES, EPERM, EROFS: " Make the folder one that may be written to."
            default: ""
            }
        return FileFailure("Cannot \(action) \(path): \(String(cString: strerror(code))).\(advice)")
    }
}

// Names of the C library's that the class has methods of.
private func systemRead(_ file: Int32, _ buffer: UnsafeMutableRawBufferPointer) -> Int { read(file, buffer.baseAddress, buffer.count) }
private func systemWrite(_ file: Int32, _ bytes: UnsafeRawBufferPointer) -> Int { write(file, bytes.baseAddress, bytes.count) }
private func systemRename(_ name: String, _ newName: String) -> Int32 { rename(name, newName) }
