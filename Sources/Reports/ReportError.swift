import Files

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// A result that cannot be written.
package struct ReportError: Error, Hashable, CustomStringConvertible {
    /// The sentence for the user: which file, why, what to do.
    package let description: String

    init(_ description: String) {
        self.description = description
    }

    /// A system call that failed on a file.
    ///
    /// - Parameters:
    ///   - action: what was to be done, such as `write`.
    ///   - code: the `errno` of the failure.
    init(cannot action: String, _ path: String, code: Int32) {
        let advice =
            switch code {
            case ENOSPC, EDQUOT: " Free some space or choose another place with --out."
            case EACCES, EPERM, EROFS: " Choose a place with --out where you may write."
            case EFBIG: " Raise the limit on the size of files (ulimit -f) or choose another place with --out."
            default: ""
            }
        self.init("Cannot \(action) \(path): \(String(cString: strerror(code))).\(advice)")
    }
}

/// Does something with files.
///
/// - Throws: ``ReportError`` with what the user can do, in place of the system's.
func reporting<Value>(_ body: @autoclosure () throws(FileError) -> Value) throws(ReportError) -> Value {
    do throws(FileError) { return try body() } catch { throw ReportError(cannot: error.action, error.path, code: error.code) }
}
