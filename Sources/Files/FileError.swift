#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// Something that the system would not do with a file or a folder.
package struct FileError: Error, Hashable, CustomStringConvertible {
    /// What was to be done, such as `write`.
    package let action: String
    package let path: String
    /// The system's number of the reason, an `errno`.
    package let code: Int32

    /// The failure of a call of the system that has just set `errno`.
    package init(_ action: String, _ path: String) {
        self.action = action
        self.path = path
        code = errno
    }

    package var description: String { "Cannot \(action) \(path): \(String(cString: strerror(code)))." }
}
