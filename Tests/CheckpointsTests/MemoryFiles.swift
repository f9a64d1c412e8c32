import Checkpoints
import RandomStreams

/// A folder in memory that fails and crashes where a test wants it to, and forgets in a crash what was not made durable.
final class MemoryFiles: DurableFiles {
    /// A file's bytes, apart from its name.
    private final class Content {
        var bytes: [UInt8] = []
        var durable: [UInt8] = []
    }

    /// What happens at one of the operations.
    enum Mishap {
        /// It does nothing, or a part of what it should, and fails.
        case failure
        /// The machine crashes in it: all later operations fail, until ``restart(seed:)``.
        case crash
    }

    private var names: [String: Content] = [:]
    private var durableNames: [String: Content] = [:]
    /// The operation, counted from 0, at which something happens.
    var mishap: (operation: Int, kind: Mishap)?
    private(set) var operations = 0
    private var isDown = false

    private func begin(_ name: String, _ part: () -> Void = {}) throws(FileFailure) {
        if isDown { throw FileFailure("The machine is down.") }
        defer { operations += 1 }
        guard let mishap, mishap.operation == operations else { return }
        part()
        if mishap.kind == .crash { isDown = true }
        throw FileFailure("Cannot write \(name): No space left on device.")
    }

    func list() throws(FileFailure) -> [String] {
        try begin("the folder")
        return names.keys.sorted()
    }

    func read(_ name: String) throws(FileFailure) -> [UInt8]? {
        try begin(name)
        return names[name]?.bytes
    }

    func write(_ name: String, _ bytes: [UInt8]) throws(FileFailure) {
        let content = names[name] ?? Content()
        try begin(name) {
            content.bytes = Array(bytes[..<(bytes.count / 2)])
            names[name] = content
        }
        content.bytes = bytes
        names[name] = content
    }

    func synchronize(_ name: String) throws(FileFailure) {
        try begin(name)
        guard let content = names[name] else { throw FileFailure("There is no \(name).") }
        content.durable = content.bytes
    }

    func rename(_ name: String, to newName: String) throws(FileFailure) {
        try begin(name)
        guard let content = names.removeValue(forKey: name) else { throw FileFailure("There is no \(name).") }
        names[newName] = content
    }

    func synchronizeDirectory() throws(FileFailure) {
        try begin("the folder")
        durableNames = names
    }

    func remove(_ name: String) throws(FileFailure) {
        try begin(name)
        guard names.removeValue(forKey: name) != nil else { throw FileFailure("There is no \(name).") }
    }

    /// The machine is up again, after a crash or as if after one. What was not durable is there, lost, or there in part, as the seed has it.
    func restart(seed: UInt64) {
        var random = MersenneTwister(seed: seed)
        var left: [String: Content] = [:]
        for name in Set(names.keys).union(durableNames.keys).sorted() {
            let content = random.next32() % 2 == 0 ? names[name] : durableNames[name]
            guard let content else { continue }
            left[name] = content
        }
        for name in left.keys.sorted() {
            guard let content = left[name], content.bytes != content.durable else { continue }
            let kept = Int(random.next32()) % (content.bytes.count + 1)
            content.durable = random.next32() % 2 == 0 ? content.durable : Array(content.bytes[..<kept])
            content.bytes = content.durable
        }
        names = left
        durableNames = left
        mishap = nil
        isDown = false
    }

    /// Changes a file behind everybody's back; nil removes it.
    func damage(_ name: String, _ change: ([UInt8]) -> [UInt8]?) {
        guard let content = names[name] else { return }
        if let bytes = change(content.bytes) {
            content.bytes = bytes
            content.durable = bytes
        } else {
            names[name] = nil
            durableNames[name] = nil
        }
    }

    var all: [String] { names.keys.sorted() }
    func bytes(_ name: String) -> [UInt8] { names[name]?.bytes ?? [] }
}
