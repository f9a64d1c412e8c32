import CMessageSocket
import Coordinator
import Datasets
import SharedMemory
import TrainingProtocol

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// A coordinator's direct lines to the workers on its machine, and the paths where they come in.
final class DirectLines {
    private struct Connection {
        let peer: PeerID
        let line: DirectLine
        /// When it came.
        let begin: Duration
    }

    /// What all lines have in common, and a file descriptor of it; nil if no line is wanted, or there is no memory for it.
    let common: (memory: CommonMemory, descriptor: Int32)?
    private var listeners: [(descriptor: Int32, path: String)] = []
    private var connections: [Connection] = []
    private var lastPeer: UInt64 = 0
    /// Connections of which nobody knows yet whether they are workers'.
    private var strangers = 0

    /// Told once why a worker has no direct line.
    private let warn: (String) -> Void
    private var hasWarned = false

    /// How many lines there may be: each worker keeps some of the blocks that all have in common. Further workers go without.
    private let capacity: Int

    /// How many strangers there may be at a time: each has memory set aside for it. Others wait their turn.
    private static let mostStrangers = 8
    /// How long a connection may take to become a worker's.
    private static let patience = Duration.seconds(2)

    /// - Parameters:
    ///   - areWanted: Whether there will be a path to listen at.
    ///   - capacity: How many workers may have one.
    ///   - dataset: Whose images are sent.
    ///   - largestTensor: The largest tensor of parameters or gradients, in bytes.
    ///   - warn: Told, in a sentence, why workers have no direct lines where that comes unexpected.
    init(areWanted: Bool, capacity: Int, dataset: Dataset, largestTensor: Int, warn: @escaping (String) -> Void) {
        self.capacity = capacity
        self.warn = warn
        guard areWanted, Self.areAvailable else {
            common = nil
            return
        }
        do throws(SharedMemoryError) {
            var descriptor: Int32 = -1
            let memory = try CommonMemory(of: dataset, workers: capacity, largestTensor: largestTensor) {
                descriptor = fcntl($0, F_DUPFD_CLOEXEC, 0)
            }
            common = (memory, descriptor)
        } catch {
            common = nil
            warnOnce(of: "\(error)")
        }
    }

    /// Whether the system has what they take.
    private static var areAvailable: Bool {
        #if os(Linux)
            true
        #else
            false
        #endif
    }

    /// Says that there are no direct lines, or not for all; only the first time.
    func warnOnce(of reason: String) {
        if hasWarned { return }
        hasWarned = true
        warn("Workers on this machine are reached by ZeroMQ, which is slower, since they cannot have direct lines: \(reason).")
    }

    /// The images where workers see them, and parameters that are made there; nil if there are no lines.
    var tensors: CoordinatorTensors? {
        guard let memory = common?.memory else { return nil }
        return CoordinatorTensors(trainImages: memory.tables[0], testImages: memory.tables[1], makeFrame: memory.draft)
    }

    deinit {
        if let common { close(common.descriptor) }
        for listener in listeners {
            close(listener.descriptor)
            unlink(listener.path)
        }
    }

    /// Takes lines at a path from now on; workers find out by trying.
    ///
    /// - Parameter path: What stands there must be a file that another coordinator has left behind.
    /// - Returns: What keeps them from coming in there, if anything does that was not to be expected.
    func listen(at path: String) -> String? {
        if common == nil { return nil }
        var status = stat()
        if lstat(path, &status) == 0, status.st_mode & S_IFMT == S_IFSOCK { unlink(path) }
        let descriptor = message_socket_listen(path)
        guard descriptor >= 0 else { return "listening at \(path) failed: \(String(cString: strerror(errno)))" }
        listeners.append((descriptor, path))
        return nil
    }

    /// What to wait for.
    var descriptors: [Int32] {
        (areAwaited ? listeners.map(\.descriptor) : []) + connections.map(\.line.descriptor)
    }

    /// Whether there is a line for whoever comes in.
    private var areAwaited: Bool { strangers < Self.mostStrangers && connections.count < capacity }

    /// Takes the connections that have come in.
    ///
    /// - Parameter readable: descriptors that can be read.
    func accept(_ readable: [Int32], now: Duration) {
        for listener in listeners where readable.contains(listener.descriptor) {
            while areAwaited {
                let descriptor = message_socket_accept(listener.descriptor)
                guard descriptor >= 0 else {
                    // Without descriptors nobody can come in before the next look at what is idle.
                    if errno != EAGAIN { strangers = Self.mostStrangers }
                    break
                }
                guard let common else { continue }
                do throws(SharedMemoryError) {
                    guard let line = try DirectLine.greeting(descriptor, common.memory, sharedAs: common.descriptor) else { continue }
                    lastPeer += 1
                    strangers += 1
                    connections.append(Connection(peer: Self.peer(lastPeer), line: line, begin: now))
                } catch {
                    warnOnce(of: "\(error)")
                }
            }
        }
    }

    /// A name that no connection of ZeroMQ's has: those that begin with 0 have four bytes more.
    private static func peer(_ number: UInt64) -> PeerID {
        PeerID([0] + withUnsafeBytes(of: number.bigEndian) { [UInt8]($0) })
    }

    /// The connections that have something to receive, and whether their descriptors are among those that can be read.
    func linesWithNews(readable: [Int32]) -> [(peer: PeerID, line: DirectLine, isReadable: Bool)] {
        connections.compactMap { connection in
            let isReadable = readable.contains(connection.line.descriptor)
            return isReadable || connection.line.hasNews ? (connection.peer, connection.line, isReadable) : nil
        }
    }

    /// Whether a connection has something to receive that its descriptor need not tell of.
    var haveNews: Bool { connections.contains { $0.line.hasNews } }

    /// Before a wait for the descriptors.
    func fallAsleep() { for connection in connections { connection.line.fallAsleep() } }

    /// After it.
    func wakeUp() { for connection in connections { connection.line.wakeUp() } }

    /// A peer's line, if it has one.
    func line(to peer: PeerID) -> DirectLine? { connections.first { $0.peer == peer }?.line }

    func closeLine(to peer: PeerID) { connections.removeAll { $0.peer == peer } }

    /// Closes connections that are no worker's: not any more, or not after some time. If workers have all lines, others are turned away.
    func closeIdle(now: Duration, isWorker: (PeerID) -> Bool) {
        connections.removeAll { now - $0.begin > Self.patience && !isWorker($0.peer) }
        strangers = connections.reduce(0) { $0 + (isWorker($1.peer) ? 0 : 1) }
        // Not as soon as they come in: it may be a worker whose former line is about to be closed.
        guard connections.count >= capacity, strangers == 0 else { return }
        for listener in listeners {
            while true {
                let descriptor = message_socket_accept(listener.descriptor)
                if descriptor < 0 { break }
                close(descriptor)
            }
        }
    }
}
