#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// Writes a file that is read again at once; nothing is made durable.
func writeScratch(_ bytes: [UInt8], to path: String) throws(Finding) {
    // Cut to size last: some file systems take an opening with O_TRUNC for the replacement of a file, and wait for the disk.
    let descriptor = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0o600)
    defer { close(descriptor) }
    try require(
        descriptor >= 0 && write(descriptor, bytes, bytes.count) == bytes.count && ftruncate(descriptor, off_t(bytes.count)) == 0,
        "the fuzzer cannot write \(path): \(String(cString: strerror(errno)))")
}
