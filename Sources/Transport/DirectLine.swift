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
    /// The last message that was sent ahead, while it is not released; known by its first frame's owner.
    private var sentAhead: (owner: AnyObject, number: UInt64, promise: SharedFrames.Promise)?
    private var lastNumber: UInt64 = 0
    private var lastReleased: UInt64 = 0
    /// The last message that came ahead, while it is not released.
    private var cameAhead: (number: UInt64, leases: [BlockChannel.Lease])?
    /// A datagram that comes after a release that is still to be told.
    private var unread: Frame?

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
        guard let ahead = sentAhead, ahead.owner === message.first?.owner else { return transmit(frames.put(message)) }
        sentAhead = nil
        frames.keep(ahead.promise)
        lastReleased = ahead.number
        return !frames.releases.raise(to: ahead.number) || transmit([])
    }

    /// Sends a coordinator's message ahead of its time, if that can be: the worker reads it, and once it is sent a number in shared memory tells so. Its last frame may still be written.
    func sendAhead(_ message: [Frame]) {
        sentAhead = nil
        guard let owner = message.first?.owner, let (parts, promise) = frames.promise(message) else { return }
        lastNumber += 1
        if transmit(parts, number: lastNumber) { sentAhead = (owner, lastNumber, promise) }
    }

    private func transmit(_ parts: [SharedFrames.Part], number: UInt64 = 0) -> Bool {
        outgoing.removeAll(keepingCapacity: true)
        DirectMessage(parts, number: number, released: lastReleased).append(to: &outgoing)
        return message_socket_send(descriptor, outgoing, outgoing.count) != 0
    }

    /// Receives a message if there is one.
    func receive() -> Arrival {
        // Before the look at the socket: what was sent before the release is there then, and comes first.
        let released = frames.releases.number
        let datagram: Frame
        if let unread {
            datagram = unread
            self.unread = nil
        } else {
            let length = message_socket_receive(descriptor, incoming.baseAddress, incoming.count)
            if length <= 0 { return length < 0 && errno == EAGAIN ? release(released) ?? .nothing : .end }
            guard length <= incoming.count else { return .unreadable(.damaged) }
            datagram = Frame(copying: UnsafeRawBufferPointer(rebasing: incoming[..<length]))
        }
        guard let message = DirectMessage(datagram) else { return .unreadable(.damaged) }
        if let arrival = release(message.released) {
            unread = datagram
            return arrival
        }
        if message.parts.isEmpty { return .nothing }
        if message.number == 0 { return frames.take(message.parts).map { .message($0) } ?? .unreadable(.damaged) }
        guard let (expected, leases) = frames.expect(message.parts) else { return .unreadable(.damaged) }
        cameAhead = (message.number, leases)
        return .ahead(expected)
    }

    /// Whether a message that came ahead is released, or one that was received is still to be told.
    var hasNews: Bool { unread != nil || cameAhead.map { $0.number == frames.releases.number } ?? false }

    /// - Returns: nil if the message that came ahead is not the one that was released.
    private func release(_ number: UInt64) -> Arrival? {
        guard let ahead = cameAhead, ahead.number == number else { return nil }
        cameAhead = nil
        return ahead.leases.allSatisfy { $0.take() } ? .released : .unreadable(.damaged)
    }

    /// Before this end waits for the descriptor: from now on the other one writes to it when it releases a message.
    func fallAsleep() { frames.releases.fallAsleep() }

    /// After the wait.
    func wakeUp() { frames.releases.wakeUp() }

    /// A frame that is made where it will be sent from, if it is large and there is room.
    func draft(byteCount: Int) -> FrameDraft? { frames.draft(byteCount: byteCount) }
}

// How a line begins: the worker connects, and the coordinator greets it with a message that carries the memory and says its sizes.
extension DirectLine {
    /// Bytes of an image, images for training, images for testing, blocks that the coordinator sends by, blocks that the worker sends by, and bytes of a block; little-endian.
    private typealias Greeting = (UInt64, UInt64, UInt64, UInt64, UInt64, UInt64)

    /// The coordinator's end.
    ///
    /// - Parameters:
    ///   - connection: a connection that was taken. It is closed if there is no memory to share; the worker goes without a direct line then.
    ///   - common: what the coordinator shares with all workers, and a file descriptor of it.
    static func greeting(_ connection: Int32, _ common: CommonMemory, sharedAs descriptor: Int32) -> DirectLine? {
        let images = common.layout
        let layout = SharedFrames.Layout(common: images, blocksToCoordinator: SharedFrames.blocksToCoordinator)
        var greeting: Greeting = (
            UInt64(images.imageSize).littleEndian, UInt64(images.trainImages).littleEndian, UInt64(images.testImages).littleEndian,
            UInt64(images.blocks.blockCount).littleEndian, UInt64(layout.blocks.blockCount).littleEndian,
            UInt64(images.blocks.blockSize).littleEndian
        )
        var isSent = false
        let region = try? SharedRegion(byteCount: layout.byteCount) { own in
            isSent = message_socket_send_descriptors(connection, &greeting, MemoryLayout<Greeting>.size, [descriptor, own]) != 0
        }
        guard let region, isSent else {
            close(connection)
            return nil
        }
        return DirectLine(connection, SharedFrames(common, layout, in: region, isCoordinator: true))
    }

    /// The worker's end of a connection that it has made, once the greeting has come; nil before. The connection is not closed if it comes to nothing.
    ///
    /// - Throws: ``TransportError`` if what answers does not greet, or its memory cannot be had.
    static func greeted(_ connection: Int32) throws(TransportError) -> DirectLine? {
        var greeting: Greeting = (0, 0, 0, 0, 0, 0)
        var descriptors: [Int32] = [-1, -1]
        guard message_socket_receive_descriptors(connection, &greeting, MemoryLayout<Greeting>.size, &descriptors) != 0 else {
            if errno == EAGAIN { return nil }
            throw TransportError(description: "The coordinator does not answer: \(String(cString: strerror(errno)))")
        }
        defer { for descriptor in descriptors { close(descriptor) } }
        guard let sizes = Sizes(greeting) else {
            throw TransportError(description: "The coordinator shares memory of sizes that cannot be right: \(greeting).")
        }
        do throws(SharedMemoryError) {
            let images = CommonMemory.Layout(
                imageSize: sizes.image, trainImages: sizes.train, testImages: sizes.test,
                blocks: BlockStore.Geometry(blockCount: sizes.blocks, roomFor: sizes.block))
            let layout = SharedFrames.Layout(common: images, blocksToCoordinator: sizes.ownBlocks)
            let common = CommonMemory(
                images, in: try SharedRegion(sharedAs: descriptors[0], byteCount: images.byteCount, access: .reading))
            let region = try SharedRegion(sharedAs: descriptors[1], byteCount: layout.byteCount, access: .readingAndWriting)
            return DirectLine(connection, SharedFrames(common, layout, in: region, isCoordinator: false))
        } catch {
            throw TransportError(description: "\(error)")
        }
    }

    /// The numbers of a greeting.
    private struct Sizes {
        let image, train, test, blocks, ownBlocks, block: Int

        /// nil if a stranger's greeting asks for something absurd.
        init?(_ greeting: Greeting) {
            func number(_ number: UInt64, atMost limit: UInt64) -> Int? {
                let number = UInt64(littleEndian: number)
                return number <= limit ? Int(number) : nil
            }
            guard let image = number(greeting.0, atMost: 1 << 24), let train = number(greeting.1, atMost: 1 << 32),
                let test = number(greeting.2, atMost: 1 << 32), let blocks = number(greeting.3, atMost: 1 << 16),
                let ownBlocks = number(greeting.4, atMost: 1 << 16), let block = number(greeting.5, atMost: 1 << 30),
                image > 0, blocks > 0, ownBlocks > 0, block > 0
            else { return nil }
            (self.image, self.train, self.test, self.blocks, self.ownBlocks, self.block) = (image, train, test, blocks, ownBlocks, block)
        }
    }
}
