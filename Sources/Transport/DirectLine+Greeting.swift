import CMessageSocket
import SharedMemory

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

// How a line begins: the worker connects, and the coordinator greets it with a message that carries the memory and says its sizes.
extension DirectLine {
    /// Bytes of an image, images for training, images for testing, blocks that the coordinator sends by, blocks that the worker sends by, bytes of a block, and bytes of messages that a
    /// queue has room for; little-endian.
    private typealias Greeting = (UInt64, UInt64, UInt64, UInt64, UInt64, UInt64, UInt64)

    /// The coordinator's end.
    ///
    /// - Parameters:
    ///   - connection: a connection that was taken. It is closed if it comes to nothing; the worker goes without a direct line then.
    ///   - common: what the coordinator shares with all workers, and a file descriptor of it.
    /// - Returns: nil if the other end is gone.
    /// - Throws: ``SharedMemoryError`` if there is no memory to share.
    static func greeting(
        _ connection: Int32, _ common: CommonMemory, sharedAs descriptor: Int32
    ) throws(SharedMemoryError) -> DirectLine? {
        let images = common.layout
        let layout = SharedFrames.Layout(common: images)
        var greeting: Greeting = (
            UInt64(images.imageSize).littleEndian, UInt64(images.trainImages).littleEndian, UInt64(images.testImages).littleEndian,
            UInt64(images.blocks.blockCount).littleEndian, UInt64(layout.blocks.blockCount).littleEndian,
            UInt64(images.blocks.blockSize).littleEndian, UInt64(layout.queueCapacity).littleEndian
        )
        var isSent = false
        let region: SharedRegion
        do throws(SharedMemoryError) {
            region = try SharedRegion(byteCount: layout.byteCount) { own in
                isSent = message_socket_send_descriptors(connection, &greeting, MemoryLayout<Greeting>.size, [descriptor, own]) != 0
            }
        } catch {
            close(connection)
            throw error
        }
        guard isSent else {
            close(connection)
            return nil
        }
        return DirectLine(connection, SharedFrames(common, layout, in: region, isCoordinator: true))
    }

    /// The worker's end of a connection that it has made, once the greeting has come; nil before. The connection is not closed if it comes to nothing.
    ///
    /// - Throws: ``TransportError`` if what answers does not greet, or its memory cannot be had.
    static func greeted(_ connection: Int32) throws(TransportError) -> DirectLine? {
        var greeting: Greeting = (0, 0, 0, 0, 0, 0, 0)
        var descriptors: [Int32] = [-1, -1]
        guard message_socket_receive_descriptors(connection, &greeting, MemoryLayout<Greeting>.size, &descriptors) != 0 else {
            if errno == EAGAIN { return nil }
            if errno == ECONNRESET { throw TransportError(description: "The coordinator has no direct line for this worker.") }
            throw TransportError(description: "The coordinator does not answer: \(String(cString: strerror(errno))).")
        }
        defer { for descriptor in descriptors { close(descriptor) } }
        guard let sizes = Sizes(greeting) else {
            throw TransportError(description: "The coordinator shares memory of sizes that cannot be right: \(greeting).")
        }
        do throws(SharedMemoryError) {
            let images = CommonMemory.Layout(
                imageSize: sizes.image, trainImages: sizes.train, testImages: sizes.test,
                blocks: BlockStore.Geometry(blockCount: sizes.blocks, roomFor: sizes.block))
            let layout = SharedFrames.Layout(common: images, blocksToCoordinator: sizes.ownBlocks, queueCapacity: sizes.queue)
            let common = CommonMemory(
                images, in: try SharedRegion(sharedAs: descriptors[0], byteCount: images.byteCount, access: .reading))
            let region = try SharedRegion(sharedAs: descriptors[1], byteCount: layout.byteCount, access: .readingAndWriting)
            return DirectLine(connection, SharedFrames(common, layout, in: region, isCoordinator: false))
        } catch {
            throw TransportError(description: "The coordinator's memory cannot be had: \(error).")
        }
    }

    /// The numbers of a greeting.
    private struct Sizes {
        let image, train, test, blocks, ownBlocks, block, queue: Int

        /// nil if a stranger's greeting asks for something absurd.
        init?(_ greeting: Greeting) {
            func number(_ number: UInt64, atMost limit: UInt64) -> Int? {
                let number = UInt64(littleEndian: number)
                return number <= limit ? Int(number) : nil
            }
            guard let image = number(greeting.0, atMost: 1 << 24), let train = number(greeting.1, atMost: 1 << 32),
                let test = number(greeting.2, atMost: 1 << 32), let blocks = number(greeting.3, atMost: 1 << 16),
                let ownBlocks = number(greeting.4, atMost: 1 << 16), let block = number(greeting.5, atMost: 1 << 30),
                let queue = number(greeting.6, atMost: 1 << 30), image > 0, blocks > 0, ownBlocks > 0, block > 0, queue > 0, queue % 8 == 0
            else { return nil }
            (self.image, self.train, self.test, self.blocks) = (image, train, test, blocks)
            (self.ownBlocks, self.block, self.queue) = (ownBlocks, block, queue)
        }
    }
}
