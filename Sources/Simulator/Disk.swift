package import Checkpoints

/// A folder in memory that fails and crashes when it is told to, and forgets in a crash what was not made durable.
package final class Disk: DurableFiles {
    /// A file's bytes, apart from its name.
    private final class Content {
        var bytes: [UInt8] = []
        var durable: [UInt8] = []
    }

    /// What happens at an operation.
    package enum Mishap {
        /// It does nothing, or a part of what it should, and fails.
        case failure
        /// The machine crashes in it: all later operations fail, until ``restart(losing:_:)``.
        case crash
    }

    private var names: [String: Content] = [:]
    private var durableNames: [String: Content] = [:]
    /// What happens after so many more operations, once.
    package var mishap: (operations: Int, kind: Mishap)?
    private(set) var hasCrashed = false
    /// Operations begun so far.
    package private(set) var operations = 0

    package init() {}

    private func begin(_ name: String, _ part: () -> Void = {}) throws(FileFailure) {
        if hasCrashed { throw FileFailure("The machine is down.") }
        operations += 1
        guard let (remaining, kind) = mishap else { return }
        mishap = remaining > 0 ? (remaining - 1, kind) : nil
        guard remaining == 0 else { return }
        part()
        hasCrashed = kind == .crash
        throw FileFailure("Cannot write \(name): No space left on device.")
    }

    package func list() throws(FileFailure) -> [String] {
        try begin("the folder")
        return names.keys.sorted()
    }

    package func read(_ name: String) throws(FileFailure) -> [UInt8]? {
        try begin(name)
        return names[name]?.bytes
    }

    package func write(_ name: String, _ bytes: [UInt8]) throws(FileFailure) {
        let content = names[name] ?? Content()
        try begin(name) {
            content.bytes = Array(bytes[..<(bytes.count / 2)])
            names[name] = content
        }
        content.bytes = bytes
        names[name] = content
    }

    package func synchronize(_ name: String) throws(FileFailure) {
        try begin(name)
        guard let content = names[name] else { throw FileFailure("There is no \(name).") }
        content.durable = content.bytes
    }

    package func rename(_ name: String, to newName: String) throws(FileFailure) {
        try begin(name)
        guard let content = names.removeValue(forKey: name) else { throw FileFailure("There is no \(name).") }
        names[newName] = content
    }

    package func synchronizeDirectory() throws(FileFailure) {
        try begin("the folder")
        durableNames = names
    }

    package func remove(_ name: String) throws(FileFailure) {
        try begin(name)
        guard names.removeValue(forKey: name) != nil else { throw FileFailure("There is no \(name).") }
    }

    /// The process that used the disk is gone, and another may use it.
    ///
    /// - Parameter isPowerLost: Whether the machine went down with it: what was not durable is there, lost, or there in part then, each by chance.
    package func restart(losing isPowerLost: Bool, _ chance: inout Chance) {
        mishap = nil
        hasCrashed = false
        guard isPowerLost else { return }
        var left: [String: Content] = [:]
        for name in Set(names.keys).union(durableNames.keys).sorted() {
            left[name] = chance.happens(onceIn: 2) ? names[name] : durableNames[name]
        }
        for name in left.keys.sorted() {
            guard let content = left[name], content.bytes != content.durable else { continue }
            let part = chance.draw(0...content.bytes.count)
            content.durable = chance.happens(onceIn: 2) ? content.durable : Array(content.bytes[..<part])
            content.bytes = content.durable
        }
        names = left
        durableNames = left
    }

    /// Changes a file, and what is durable of it, behind everybody's back; nil removes it.
    package func damage(_ name: String, _ change: ([UInt8]) -> [UInt8]?) {
        guard let content = names[name] else { return }
        if let bytes = change(content.bytes) {
            content.bytes = bytes
            content.durable = bytes
        } else {
            names[name] = nil
            durableNames[name] = nil
        }
    }

    /// The files' names, sorted.
    package var all: [String] { names.keys.sorted() }

    /// A file's content; empty if there is none of that name.
    package func bytes(_ name: String) -> [UInt8] { names[name]?.bytes ?? [] }
}
