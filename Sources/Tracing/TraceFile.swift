#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// A file of Chrome's trace format, which `chrome://tracing` and Perfetto show: a JSON array of events.
package struct TraceFile: Sendable {
    package let path: String

    /// - Throws: ``TraceError`` when the file cannot be made, so that nobody trains for a trace that cannot be kept.
    package init(path: String) throws(TraceError) {
        self.path = path
        try write([])
    }

    /// Where the process with a number puts its part, to be joined later.
    package static func part(of path: String, number: Int) -> String { "\(path).part\(number)" }

    /// Writes the events of some lanes.
    ///
    /// - Parameter lanes: What ``TraceRecorder/events(process:name:)`` returned.
    /// - Throws: ``TraceError`` when the file cannot be written.
    package func write(_ lanes: [String]) throws(TraceError) {
        var text = lanes.joined()
        if text.hasSuffix(",\n") { text.removeLast(2) }
        try writeText("[\n\(text)\n]\n")
    }

    /// Adds the parts that other processes have written to these lanes, writes them all, and removes the parts.
    ///
    /// - Parameter parts: Paths of trace files; one whose process was killed before it could write is left out.
    /// - Throws: ``TraceError`` when the file cannot be written.
    package func write(_ lanes: [String], joining parts: [String]) throws(TraceError) {
        var lanes = lanes
        for part in parts {
            if let lane = Self.events(in: part) { lanes.append(lane) }
            unlink(part)
        }
        try write(lanes)
    }

    /// The events in a file, one a line, each with a comma behind it.
    private static func events(in path: String) -> String? {
        guard let file = fopen(path, "r") else { return nil }
        defer { fclose(file) }
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 1 << 16)
        while true {
            let count = fread(&chunk, 1, chunk.count, file)
            if count == 0 { break }
            bytes += chunk[..<count]
        }
        let text = String(decoding: bytes, as: UTF8.self)
        guard text.hasPrefix("[\n"), text.hasSuffix("}\n]\n") else { return nil }
        return text.dropFirst(2).dropLast(3) + ",\n"
    }

    private func writeText(_ text: String) throws(TraceError) {
        guard let file = fopen(path, "w") else { throw TraceError(path: path) }
        let count = text.utf8.count
        let written = text.withCString { fwrite($0, 1, count, file) }
        let closed = fclose(file)
        guard written == count, closed == 0 else { throw TraceError(path: path) }
    }
}

/// A trace that cannot be kept.
package struct TraceError: Error, CustomStringConvertible {
    package let description: String

    init(path: String) {
        description =
            "Cannot write the trace to \(path): \(String(cString: strerror(errno))). Name a file in a directory that can be written to."
    }
}
