import CMessageSocket
import SharedMemory
import TrainingProtocol

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// A connection between a coordinator and a worker of one machine with no thread in between: a Unix socket that carries messages whole, and memory that both share, by
/// which tensors go.
///
/// By ZeroMQ's ipc a message wakes three threads on its way, by a direct line one. State machines and messages know nothing of it. Only Linux
/// has what it takes; elsewhere ZeroMQ connects local workers too, as it does those of other makers.
final class DirectLine {
    /// The connection, for polls.
    let descriptor: Int32
    private var frames: SharedFrames
    private var outgoing: [UInt8] = []
    /// Room for any message; what no message has used takes no memory.
    private let incoming = UnsafeMutableRawBufferPointer.allocate(byteCount: Int(message_socket_largest), alignment: 64)

    /// Takes over a connection whose ends share memory.
    private init(_ descriptor: Int32, _ frames: SharedFrames) {
        self.descriptor = descriptor
        self.frames = frames
    }

    deinit {
        close(descriptor)
        incoming.deallocate()
    }

    /// Sends a message.
    ///
    /// - Returns: Whether it was taken. If not, the other end is gone or has stopped reading, and the connection is of no use any more.
    func send(_ message: [Frame]) -> Bool {
        outgoing.removeAll(keepingCapacity: true)
        DirectMessage.append(frames.put(message), to: &outgoing)
        return message_socket_send(descriptor, outgoing, outgoing.count) != 0
    }

    /// Receives a message if there is one.
    func receive() -> Arrival {
        let length = message_socket_receive(descriptor, incoming.baseAddress, incoming.count)
        if length <= 0 { return length < 0 && errno == EAGAIN ? .nothing : .end }
        guard length <= incoming.count else { return .unreadable(.damaged) }
        let datagram = Frame(copying: UnsafeRawBufferPointer(rebasing: incoming[..<length]))
        guard let parts = DirectMessage.parts(of: datagram), let message = frames.take(parts) else { return .unreadable(.damaged) }
        return .message(message)
    }

    /// A frame that is made where it will be sent from, if it is large and there is room.
    func frame(byteCount: Int, fill: (UnsafeMutableRawBufferPointer) -> Void) -> Frame? {
        frames.frame(byteCount: byteCount, fill: fill)
    }

    /// A block for a frame that may be sent by this line or not, if there is one to spare.
    func spareDraft(byteCount: Int) -> BlockArena.Draft? { frames.spareDraft(byteCount: byteCount) }
}

// How a line begins: the worker connects, and the coordinator greets it with a message that carries the memory and says its sizes.
extension DirectLine {
    /// Numbers of blocks by which the coordinator sends, of blocks by which the worker does, and of bytes a block; little-endian.
    private typealias Greeting = (toWorker: UInt64, toCoordinator: UInt64, blockSize: UInt64)

    /// The coordinator's end.
    ///
    /// - Parameters:
    ///   - connection: a connection that was taken. It is closed if there is no memory to share; the worker goes without a direct line then.
    ///   - size: what the largest tensor needs, in bytes.
    static func greeting(_ connection: Int32, roomFor size: Int) -> DirectLine? {
        let geometry = SharedFrames.geometry(roomFor: size)
        var greeting: Greeting = (
            UInt64(SharedFrames.blocksToWorker).littleEndian, UInt64(SharedFrames.blocksToCoordinator).littleEndian,
            UInt64(geometry.blockSize).littleEndian
        )
        var isSent = false
        let arena = try? BlockArena(geometry) { memory in
            isSent = message_socket_send_descriptor(connection, &greeting, MemoryLayout<Greeting>.size, memory) != 0
        }
        guard let arena, isSent else {
            close(connection)
            return nil
        }
        return DirectLine(connection, SharedFrames(arena, isCoordinator: true, blocksToWorker: SharedFrames.blocksToWorker))
    }

    /// What the numbers of blocks and their size may be, so that a stranger's greeting asks for nothing absurd.
    private static let blockCounts = UInt64(1)...1024
    private static let largestBlock: UInt64 = 1 << 30

    /// The worker's end of a connection that it has made, once the greeting has come; nil before. The connection is not closed if it comes to nothing.
    ///
    /// - Throws: ``TransportError`` if what answers does not greet, or its memory cannot be had.
    static func greeted(_ connection: Int32) throws(TransportError) -> DirectLine? {
        var greeting: Greeting = (0, 0, 0)
        let memory = message_socket_receive_descriptor(connection, &greeting, MemoryLayout<Greeting>.size)
        guard memory >= 0 else {
            if errno == EAGAIN { return nil }
            throw TransportError(description: "The coordinator does not answer: \(String(cString: strerror(errno)))")
        }
        defer { close(memory) }
        let (toWorker, toCoordinator) = (UInt64(littleEndian: greeting.toWorker), UInt64(littleEndian: greeting.toCoordinator))
        let blockSize = UInt64(littleEndian: greeting.blockSize)
        guard blockCounts.contains(toWorker), blockCounts.contains(toCoordinator), blockSize <= largestBlock else {
            throw TransportError(
                description: "The coordinator shares \(toWorker) and \(toCoordinator) blocks of \(blockSize) bytes, which cannot be right.")
        }
        do throws(SharedMemoryError) {
            let geometry = BlockArena.Geometry(blockCount: Int(toWorker + toCoordinator), roomFor: Int(blockSize))
            let arena = try BlockArena(sharedAs: memory, geometry)
            return DirectLine(connection, SharedFrames(arena, isCoordinator: false, blocksToWorker: Int(toWorker)))
        } catch {
            throw TransportError(description: "\(error)")
        }
    }
}
