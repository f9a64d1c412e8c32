import Files

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

    /// The events in a file, one a line, each with a comma behind it; nil if it is not whole.
    private static func events(in path: String) -> String? {
        guard let bytes = try? readFile(path) else { return nil }
        let text = String(decoding: bytes, as: UTF8.self)
        guard text.hasPrefix("[\n"), text.hasSuffix("}\n]\n") else { return nil }
        return text.dropFirst(2).dropLast(3) + ",\n"
    }

    private func writeText(_ text: String) throws(TraceError) {
        do throws(FileError) { try writeFile(Array(text.utf8), to: path) } catch { throw TraceError(error) }
    }
}

/// A trace that cannot be kept.
package struct TraceError: Error, CustomStringConvertible {
    package let description: String

    init(_ error: FileError) { description = "The trace cannot be kept. \(error) Name a file in a directory that can be written to." }
}
