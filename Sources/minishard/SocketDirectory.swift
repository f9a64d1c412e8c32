import Files
import Processes
import Transport

/// Where a study meets its own workers: an ipc endpoint in a directory of this process's own.
struct SocketDirectory: Sendable {
    private static let socketName = "coordinator"
    private let path: String

    var endpoint: String { "ipc://\(path)/\(Self.socketName)" }

    /// - Throws: `ProcessError` when it cannot be made.
    init() throws { path = try makeTemporaryDirectory(longest: Endpoint.longestFolder(forSocket: Self.socketName)) }

    /// Removes it with all that is in it. Where that cannot be done nobody can do anything about it.
    func remove() { try? removeFolder(path) }
}
