import Processes

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// A directory that is gone once its owner is.
package final class TemporaryDirectory: Sendable {
    package let path: String

    package init() throws { path = try makeTemporaryDirectory() }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    /// The path of something in it.
    package func callAsFunction(_ name: String) -> String { "\(path)/\(name)" }

    /// Writes a file and returns its path.
    @discardableResult
    package func write(_ bytes: [UInt8], to name: String) throws -> String {
        try Data(bytes).write(to: URL(filePath: self(name)))
        return self(name)
    }

    /// Every file and socket below it, by its path in it, sorted.
    package func files(in subdirectory: String = ".") throws -> [String] {
        try FileManager.default.subpathsOfDirectory(atPath: self(subdirectory)).filter {
            let type = try FileManager.default.attributesOfItem(atPath: "\(self(subdirectory))/\($0)")[.type]
            return type as? FileAttributeType != .typeDirectory
        }.sorted()
    }

    /// The names of what is in it, sorted.
    package func entries() throws -> [String] { try FileManager.default.contentsOfDirectory(atPath: path).sorted() }

    /// A file's bytes.
    package func bytes(_ name: String) throws -> [UInt8] { Array(try Data(contentsOf: URL(filePath: self(name)))) }

    /// A file's text.
    package func text(_ name: String) throws -> String { try String(contentsOf: URL(filePath: self(name)), encoding: .utf8) }
}
