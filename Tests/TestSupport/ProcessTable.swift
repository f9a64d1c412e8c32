#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

#if os(Linux)
    /// The processes that a process has started and that it has not yet waited for.
    package func childProcesses(of process: Int32) -> [Int32] {
        guard let threads = opendir("/proc/\(process)/task") else { return [] }
        defer { closedir(threads) }
        var children: [Int32] = []
        while let entry = readdir(threads) {
            let thread = withUnsafeBytes(of: &entry.pointee.d_name) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
            let list = contents("/proc/\(process)/task/\(thread)/children") ?? ""
            children += list.split(separator: " ").compactMap { Int32($0) }
        }
        return children
    }

    /// Whether a process is still at work: a zombie, which only waits for its parent to ask, is not.
    package func isRunning(_ process: Int32) -> Bool {
        guard let line = contents("/proc/\(process)/stat"), let name = line.lastIndex(of: ")") else { return false }
        return line[name...].dropFirst(2).first != "Z"
    }

    /// A file's text; nil where there is no such file.
    private func contents(_ path: String) -> String? {
        guard let file = fopen(path, "r") else { return nil }
        defer { fclose(file) }
        var bytes = [UInt8](repeating: 0, count: 1 << 16)
        let count = fread(&bytes, 1, bytes.count, file)
        return String(decoding: bytes[..<count], as: UTF8.self)
    }
#else
    /// The processes that a process has started and that it has not yet waited for.
    package func childProcesses(of process: Int32) -> [Int32] {
        var children = [Int32](repeating: 0, count: 4096)
        let count = proc_listchildpids(process, &children, Int32(children.count * MemoryLayout<Int32>.size))
        return Array(children.prefix(Int(max(0, count))))
    }

    /// Whether a process is still at work.
    package func isRunning(_ process: Int32) -> Bool { kill(process, 0) == 0 }
#endif
