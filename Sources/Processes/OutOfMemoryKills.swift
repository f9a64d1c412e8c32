import Files

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// How often the kernel has killed processes because memory ran out, as far as this process can know: in its own control group, or else on the whole machine.
///
/// Source: the Linux kernel's documentation: "Control Group v2" (`memory.events`), "Memory Resource Controller" of version 1 (`memory.oom_control`), `/proc/vmstat`.
package struct OutOfMemoryKills: Sendable {
    /// The file with the counter.
    private let file: String?

    /// Finds the counter.
    ///
    /// - Parameters:
    ///   - groups: The file that names this process's control groups.
    ///   - groupRoot: Where control groups are mounted.
    ///   - machine: The file with the machine's counters.
    package init(groups: String = "/proc/self/cgroup", groupRoot: String = "/sys/fs/cgroup", machine: String = "/proc/vmstat") {
        // Lines are "number:controllers:/path"; version 2 has the number 0 and no controllers.
        let groups = (Self.lines(of: groups) ?? []).map { $0.split(separator: ":", maxSplits: 2, omittingEmptySubsequences: false) }
        var candidates: [String] = []
        for group in groups where group.count == 3 && group[0] == "0" { candidates.append("\(groupRoot)\(group[2])/memory.events") }
        for group in groups where group.count == 3 && group[1] == "memory" {
            candidates.append("\(groupRoot)/memory\(group[2])/memory.oom_control")
        }
        file = (candidates + [machine]).first { Self.count(in: $0) != nil }
    }

    /// The count now; nil where nobody counts.
    package var count: Int? { file.flatMap { Self.count(in: $0) } }

    private static func count(in file: String) -> Int? {
        for line in lines(of: file) ?? [] {
            let words = line.split(separator: " ")
            if words.count == 2, words[0] == "oom_kill" { return Int(words[1]) }
        }
        return nil
    }

    /// The lines of a small text file; nil when it cannot be read.
    private static func lines(of path: String) -> [Substring]? {
        (try? readFile(path)).map { String(decoding: $0, as: UTF8.self).split(separator: "\n") }
    }
}
