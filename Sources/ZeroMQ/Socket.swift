internal import CZeroMQ

#if canImport(Glibc)
    internal import Glibc
#elseif canImport(Musl)
    internal import Musl
#else
    internal import Darwin
#endif

/// The kinds of socket that are used here.
package enum SocketKind: Sendable {
    /// Many peers, each addressed by the routing id that stands before its messages.
    case router
    /// One peer.
    case dealer

    fileprivate var code: Int32 {
        switch self {
        case .router: ZMQ_ROUTER
        case .dealer: ZMQ_DEALER
        }
    }
}

/// A socket's settings with whole-number values, named as libzmq's manual has them.
package enum SocketOption: Sendable, Hashable {
    case routerMandatory, routerHandover, linger, sendHighWaterMark, receiveHighWaterMark, maximumMessageSize, handshakeInterval, immediate
    case heartbeatInterval, heartbeatTimeout, heartbeatTimeToLive, reconnectInterval, reconnectIntervalMaximum, connectTimeout, ipv6

    fileprivate var code: Int32 {
        switch self {
        case .routerMandatory: ZMQ_ROUTER_MANDATORY
        case .routerHandover: ZMQ_ROUTER_HANDOVER
        case .linger: ZMQ_LINGER
        case .sendHighWaterMark: ZMQ_SNDHWM
        case .receiveHighWaterMark: ZMQ_RCVHWM
        case .maximumMessageSize: ZMQ_MAXMSGSIZE
        case .handshakeInterval: ZMQ_HANDSHAKE_IVL
        case .immediate: ZMQ_IMMEDIATE
        case .heartbeatInterval: ZMQ_HEARTBEAT_IVL
        case .heartbeatTimeout: ZMQ_HEARTBEAT_TIMEOUT
        case .heartbeatTimeToLive: ZMQ_HEARTBEAT_TTL
        case .reconnectInterval: ZMQ_RECONNECT_IVL
        case .reconnectIntervalMaximum: ZMQ_RECONNECT_IVL_MAX
        case .connectTimeout: ZMQ_CONNECT_TIMEOUT
        case .ipv6: ZMQ_IPV6
        }
    }
}

/// A ZeroMQ socket. It belongs to one thread at a time, keeps its context alive and is closed when it goes out of use.
package struct Socket: ~Copyable {
    private let context: Context
    private let handle: UnsafeMutableRawPointer
    private var events: SocketEvents

    /// - Parameter options: Set before anything else; most have no effect on binds and connects already made.
    /// - Throws: ``ZeroMQError`` when the context has its full number of sockets, the process its full number of file descriptors, or an option is refused.
    package init(_ kind: SocketKind, in context: Context, options: [SocketOption: Int] = [:]) throws(ZeroMQError) {
        guard let handle = zmq_socket(context.handle, kind.code) else {
            throw ZeroMQError(code: zmq_errno(), action: "creating a socket")
        }
        do throws(ZeroMQError) {
            for (option, value) in options { try Self.set(option, to: value, on: handle) }
            events = try SocketEvents(of: handle)
        } catch {
            zmq_close(handle)
            throw error
        }
        self.context = context
        self.handle = handle
    }

    deinit { zmq_close(handle) }

    /// Sets an option: times in milliseconds, sizes in bytes, marks in messages, switches as 0 and 1.
    package mutating func set(_ option: SocketOption, to value: Int) throws(ZeroMQError) {
        events.forget()
        try Self.set(option, to: value, on: handle)
    }

    private static func set(_ option: SocketOption, to value: Int, on handle: UnsafeMutableRawPointer) throws(ZeroMQError) {
        let action = "setting a socket's \(option) to \(value)"
        if case .maximumMessageSize = option {
            var wide = Int64(value)
            try zeroMQ(action) { zmq_setsockopt(handle, option.code, &wide, MemoryLayout<Int64>.size) }
        } else {
            var narrow = Int32(clamping: value)
            try zeroMQ(action) { zmq_setsockopt(handle, option.code, &narrow, MemoryLayout<Int32>.size) }
        }
    }

    /// Listens on an endpoint.
    ///
    /// - Returns: The endpoint as bound, with the port's number where `*` was asked for.
    package mutating func bind(_ endpoint: String) throws(ZeroMQError) -> String {
        events.forget()
        try zeroMQ("binding to \(endpoint)") { zmq_bind(handle, endpoint) }
        var name = [CChar](repeating: 0, count: 1024)
        var length = name.count
        try zeroMQ("asking for the endpoint bound") { zmq_getsockopt(handle, ZMQ_LAST_ENDPOINT, &name, &length) }
        return String(decoding: name.prefix(max(0, length - 1)).map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    /// Connects to an endpoint, now or whenever a peer listens there.
    package mutating func connect(_ endpoint: String) throws(ZeroMQError) {
        events.forget()
        try zeroMQ("connecting to \(endpoint)") { zmq_connect(handle, endpoint) }
    }

    /// Sends one message of some frames, which must not be used afterwards, or nothing at all.
    package mutating func send(_ frames: [Message]) throws(ZeroMQError) -> Delivery {
        events.forget()
        for (index, frame) in frames.enumerated() {
            let more = index + 1 < frames.count ? ZMQ_SNDMORE : 0
            // Whether there is room, and whether a router has the peer, is decided by the first frame: libzmq takes the rest of a message it has begun.
            switch callZeroMQ({ zmq_msg_send(frame.handle, handle, ZMQ_DONTWAIT | more) }).code {
            case 0: break
            case EAGAIN: return .full
            case EHOSTUNREACH: return .unreachable
            case let code: throw ZeroMQError(code: code, action: "sending a message")
            }
        }
        return .taken
    }

    /// Receives one message.
    ///
    /// - Parameter frameLimit: Frames beyond these are received and dropped, so that no peer can make a message without end fill the memory.
    /// - Returns: Its frames, of which there are `frameLimit + 1` if it had more than the limit; nil if there is none now.
    package mutating func receive(frameLimit: Int) throws(ZeroMQError) -> [Message]? {
        events.forget()
        var frames: [Message] = []
        while true {
            let frame = Message()
            guard try zeroMQUnlessItWouldBlock("receiving a message", { zmq_msg_recv(frame.handle, handle, ZMQ_DONTWAIT) }) != nil else {
                return frames.isEmpty ? nil : frames
            }
            if frames.count <= frameLimit { frames.append(frame) }
            if !frame.hasMore { return frames }
        }
    }

    /// Tells from now on when a connection of the socket ends. Nobody learns whose it was.
    ///
    /// - Parameter name: names the monitor within the socket's context.
    package mutating func makeMonitor(_ name: String) throws(ZeroMQError) -> DisconnectionMonitor {
        let endpoint = "inproc://\(name)"
        events.forget()
        try zeroMQ("watching a socket's connections") { zmq_socket_monitor(handle, endpoint, ZMQ_EVENT_DISCONNECTED) }
        return try DisconnectionMonitor(of: context, endpoint: endpoint)
    }

    /// Waits until the socket can be read or written, a file descriptor can be read, a connection has ended, or the time is over. A signal ends the wait early.
    ///
    /// - Parameters:
    ///   - writable: Whether to wait for room to send, too.
    ///   - monitor: Tells of connections that have ended.
    ///   - descriptors: File descriptors to wait for as well.
    ///   - timeout: In milliseconds; 0 only looks, -1 waits without limit.
    package mutating func poll(
        writable: Bool = false, monitor: DisconnectionMonitor? = nil, descriptors: [Int32] = [], timeout: Int
    ) throws(ZeroMQError) -> PollResult {
        let wanted = ZMQ_POLLIN | (writable ? ZMQ_POLLOUT : 0)
        // A descriptor of -1 is passed over.
        var entries = ([events.descriptor, monitor?.events.descriptor ?? -1] + descriptors).map {
            pollfd(fd: $0, events: Int16(POLLIN), revents: 0)
        }
        let end = ContinuousClock.now + .milliseconds(timeout)
        var timeLeft = timeout
        while true {
            var isReady = try events.current() & wanted != 0
            if let monitor { isReady = try monitor.hasNotes() || isReady }
            let count = waitForEntries(&entries, timeout: isReady ? 0 : timeLeft)
            if count == -1 {
                if errno != EINTR { throw ZeroMQError(code: errno, action: "waiting for messages") }
                return .nothing
            }
            if entries[0].revents != 0 { events.forget() }
            if entries[1].revents != 0 { monitor?.events.forget() }
            let found = try events.current()
            var hasDisconnection = false
            if let monitor, try monitor.hasNotes() { hasDisconnection = try monitor.takeAll() }
            let result = PollResult(
                readable: found & ZMQ_POLLIN != 0, writable: found & wanted & ZMQ_POLLOUT != 0, hasDisconnection: hasDisconnection,
                readableDescriptors: entries.dropFirst(2).filter { $0.revents != 0 }.map(\.fd))
            // What the socket's descriptor tells of need not be what is waited for.
            if !result.isNothing || count == 0 { return result }
            if timeout >= 0 { timeLeft = max(0, Int((end - ContinuousClock.now) / .milliseconds(1))) }
        }
    }
}

/// The system's `poll`, whose name a socket's method has.
private func waitForEntries(_ entries: inout [pollfd], timeout: Int) -> Int32 {
    poll(&entries, nfds_t(entries.count), Int32(clamping: timeout))
}

/// What became of a message that was to be sent.
package enum Delivery: Sendable, Hashable {
    /// libzmq has it.
    case taken
    /// There is no room for it now.
    case full
    /// A router has no such peer.
    case unreachable
}

/// What a wait has found.
package struct PollResult: Sendable, Hashable {
    /// The socket has a message.
    package let readable: Bool
    /// The socket has room for a message.
    package let writable: Bool
    /// A connection has ended since the last wait.
    package let hasDisconnection: Bool
    /// The file descriptors that can be read, or have come to their end.
    package let readableDescriptors: [Int32]

    /// That of a wait that has found nothing, or of none at all.
    package static let nothing = PollResult(readable: false, writable: false, hasDisconnection: false, readableDescriptors: [])

    package var isNothing: Bool { !readable && !writable && !hasDisconnection && readableDescriptors.isEmpty }
}
