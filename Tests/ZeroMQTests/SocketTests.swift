import Testing

@testable import ZeroMQ

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// A ROUTER and a DEALER that are connected, in one thread.
final class Pair {
    var router: Socket
    var dealer: Socket
    let endpoint: String

    init(options: [SocketOption: Int] = [:]) throws {
        let context = try Context()
        router = try Socket(.router, in: context, options: options.merging([.routerMandatory: 1, .linger: 0]) { $1 })
        dealer = try Socket(.dealer, in: context, options: options.merging([.immediate: 1, .linger: 0]) { $1 })
        endpoint = try router.bind("tcp://127.0.0.1:*")
        try dealer.connect(endpoint)
        let isConnected = try dealer.poll(writable: true, timeout: 5000).writable
        try #require(isConnected)
    }

    /// Sends from the dealer; returns what arrives at the router, the routing id first.
    func toRouter(_ frames: [[UInt8]], frameLimit: Int = 10) throws -> [[UInt8]] {
        let delivery = try dealer.send(frames.map(message))
        #expect(delivery == .taken)
        let isReadable = try router.poll(timeout: 5000).readable
        try #require(isReadable)
        let received = try router.receive(frameLimit: frameLimit)
        return try #require(received).map { [UInt8]($0.unsafeBytes) }
    }
}

private func message(_ bytes: [UInt8]) throws -> Message { try bytes.withUnsafeBytes { try Message(copying: $0) } }

/// Memory that tells when it is freed.
private final class Buffer {
    let bytes = UnsafeMutableRawBufferPointer.allocate(byteCount: 100_000, alignment: 16)
    init() { bytes.initializeMemory(as: UInt8.self, repeating: 7) }
    deinit { bytes.deallocate() }
}

struct SocketTests {
    @Test("Messages of several frames, empty, small and large, go both ways")
    func bothWays() throws {
        let pair = try Pair()
        let frames: [[UInt8]] = [[1, 2, 3], [], [UInt8](repeating: 5, count: 200_000)]
        let arrived = try pair.toRouter(frames)
        #expect(arrived.dropFirst() == frames[...])
        let delivery = try pair.router.send(arrived.map(message))
        #expect(delivery == .taken)
        let isReadable = try pair.dealer.poll(timeout: 5000).readable
        #expect(isReadable)
        let back = try pair.dealer.receive(frameLimit: 10)
        #expect(back?.map { [UInt8]($0.unsafeBytes) } == frames)
    }

    @Test("With nothing to receive there is a value for it")
    func nothing() throws {
        let pair = try Pair()
        let nothing = try pair.router.receive(frameLimit: 10)
        #expect(nothing == nil)
        let result = try pair.router.poll(timeout: 0)
        #expect(result == PollResult(readable: false, writable: false, hasDisconnection: false, readableDescriptors: []))
    }

    @Test("A router tells when it has no such peer")
    func unreachable() throws {
        let pair = try Pair()
        let delivery = try pair.router.send([message([1, 2, 3]), message([4])])
        #expect(delivery == .unreachable)
    }

    @Test("A socket tells when it has no more room")
    func full() throws {
        let pair = try Pair(options: [.sendHighWaterMark: 4, .receiveHighWaterMark: 4])
        let peer = try pair.toRouter([[1]])[0]
        var deliveries: [Delivery] = []
        // Nobody reads: sooner or later the buffers of the operating system are full, too.
        for _ in 0..<1000 where deliveries.last != .full {
            deliveries.append(try pair.router.send([message(peer), message([UInt8](repeating: 0, count: 100_000))]))
        }
        #expect(deliveries.last == .full)
        #expect(deliveries.dropLast().allSatisfy { $0 == .taken })
    }

    @Test("Without a connection a dealer that waits for one has no room")
    func immediate() throws {
        var dealer = try Socket(.dealer, in: Context(), options: [.immediate: 1, .linger: 0])
        try dealer.connect("ipc:///tmp/minishard-nobody-\(getpid())")
        let delivery = try dealer.send([message([1])])
        #expect(delivery == .full)
    }

    @Test("Frames beyond the limit are dropped, and the next message is whole")
    func frameLimit() throws {
        let pair = try Pair()
        #expect(try pair.toRouter((0..<50).map { [$0] }, frameLimit: 5).count == 6)
        #expect(try pair.toRouter([[9]])[1] == [9])
    }

    @Test("A message without a copy keeps its bytes' owner until it is sent")
    func withoutCopy() throws {
        let pair = try Pair()
        weak var watched: Buffer?
        do {
            let buffer = Buffer()
            watched = buffer
            let delivery = try pair.dealer.send([Message(referringTo: UnsafeRawBufferPointer(buffer.bytes), of: buffer)])
            #expect(delivery == .taken)
        }
        let isReadable = try pair.router.poll(timeout: 5000).readable
        #expect(isReadable)
        let received = try pair.router.receive(frameLimit: 10)
        #expect(received?.last.map { $0.unsafeBytes.allSatisfy { $0 == 7 } } ?? false)
        // libzmq lets go of it on its own thread, soon after.
        for _ in 0..<5000 where watched != nil { _ = try pair.router.poll(timeout: 1) }
        #expect(watched == nil)
    }

    @Test("An address in use is an error in words")
    func addressInUse() throws {
        let pair = try Pair()
        let endpoint = pair.endpoint
        var second = try Socket(.router, in: Context())
        let failure = #expect(throws: ZeroMQError.self) { _ = try second.bind(endpoint) }
        #expect(failure?.code == EADDRINUSE)
        #expect(failure?.description.contains("binding to \(endpoint)") ?? false)
        _ = try pair.router.poll(timeout: 0)
    }

    @Test("A wait for messages is not ended by a connection")
    func connectionWhileWaiting() throws {
        let context = try Context()
        var router = try Socket(.router, in: context, options: [.linger: 0])
        var dealer = try Socket(.dealer, in: context, options: [.linger: 0])
        try dealer.connect(try router.bind("tcp://127.0.0.1:*"))
        let begin = ContinuousClock.now
        let result = try router.poll(timeout: 300)
        #expect(ContinuousClock.now - begin > .milliseconds(290))
        #expect(result == PollResult(readable: false, writable: false, hasDisconnection: false, readableDescriptors: []))
    }

    @Test("A file descriptor wakes a poll")
    func descriptor() throws {
        let pair = try Pair()
        var ends: [Int32] = [0, 0]
        try #require(pipe(&ends) == 0)
        defer { close(ends[0]) }
        close(ends[1])
        let found = try pair.router.poll(descriptors: [ends[0]], timeout: 5000).readableDescriptors
        #expect(found == [ends[0]])
    }
}
