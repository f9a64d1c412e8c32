import CMessageSocket
import TrainingProtocol
import ZeroMQ

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// A worker's connection to its coordinator: a direct line if both are on one machine and it can be had, else a ZeroMQ socket.
final class WorkerConnection {
    /// What a wait has found.
    struct Readiness {
        /// The connection that was asked for is there.
        var isConnected = false
        /// The connection may have something to say.
        var isReadable = false
        /// Other descriptors that can be read, or have come to their end.
        var descriptors: [Int32] = []

        var isNothing: Bool { !isConnected && !isReadable && descriptors.isEmpty }
    }

    private let endpoint: Endpoint
    private(set) var line: DirectLine?
    /// Whether the line's socket may have something to say.
    private var isLineReadable = false
    /// A connection on which the coordinator's greeting has not come.
    private var ungreeted: Int32?
    /// Whether a direct line was tried since the connection was asked for, and came to nothing.
    private var hasNoLine = false
    private var context: Context?
    private var socket: Socket?
    private let warn: (String) -> Void

    /// - Parameters:
    ///   - endpoint: where the coordinator listens.
    ///   - warn: Told, in a sentence, why there is no direct line where one was offered.
    init(_ endpoint: Endpoint, warn: @escaping (String) -> Void) {
        self.endpoint = endpoint
        self.warn = warn
    }

    deinit { if let ungreeted { close(ungreeted) } }

    /// Gives up the connection, if there is one, and begins another; the coordinator need not be there yet.
    func open() throws {
        line = nil
        hasNoLine = false
        socket = nil
        if !knock() { try openSocket() }
    }

    /// Asks for a direct line.
    ///
    /// - Returns: Whether somebody is there who may give one.
    private func knock() -> Bool {
        if let ungreeted { close(ungreeted) }
        ungreeted = nil
        guard !hasNoLine, let path = endpoint.directPath else { return false }
        let descriptor = message_socket_connect(path)
        if descriptor >= 0 { ungreeted = descriptor }
        return descriptor >= 0
    }

    private func openSocket() throws {
        let context = try self.context ?? Context()
        self.context = context
        // Immediate: without a connection there is no room to send, so that HELLO never waits in a queue.
        var socket = try Socket(
            .dealer, in: context,
            options: commonOptions(linger: 0, largestFrame: largestFrame)
                .merging([.immediate: 1, .reconnectInterval: 100, .reconnectIntervalMaximum: 2000, .connectTimeout: 5000]) { $1 })
        do {
            try socket.connect(endpoint.description)
        } catch {
            throw TransportError(description: "Cannot connect to \(endpoint): \(error)")
        }
        self.socket = consume socket
    }

    /// Waits for something to happen. A signal ends the wait early.
    ///
    /// - Parameters:
    ///   - isAwaited: whether the connection that was asked for is waited for.
    ///   - descriptors: file descriptors to wait for as well.
    ///   - timeout: in milliseconds; 0 only looks.
    func wait(isAwaited: Bool, descriptors: [Int32], timeout: Int) throws -> Readiness {
        if socket != nil { return try waitForSocket(isAwaited: isAwaited, descriptors: descriptors, timeout: timeout) }
        if timeout > 0 { line?.fallAsleep() }
        defer { if timeout > 0 { line?.wakeUp() } }
        if line?.hasNews ?? false { return Readiness(isReadable: true) }
        // One that is none is passed over.
        let own = line?.descriptor ?? ungreeted ?? -1
        var entries = ([own] + descriptors).map { pollfd(fd: $0, events: Int16(POLLIN), revents: 0) }
        guard poll(&entries, nfds_t(entries.count), Int32(timeout)) > 0 else { return Readiness() }
        var readiness = Readiness(descriptors: entries.dropFirst().filter { $0.revents != 0 }.map(\.fd))
        if entries[0].revents == 0 { return readiness }
        if ungreeted == nil {
            isLineReadable = true
            readiness.isReadable = true
        } else {
            readiness.isConnected = try takeGreeting()
        }
        return readiness
    }

    private func waitForSocket(isAwaited: Bool, descriptors: [Int32], timeout: Int) throws -> Readiness {
        let result = try socket?.poll(writable: isAwaited, descriptors: descriptors, timeout: timeout)
        guard let result else { return Readiness() }
        var readiness = Readiness(isReadable: result.readable, descriptors: result.readableDescriptors)
        if result.writable {
            // The coordinator has come, and its direct lines with it.
            readiness.isConnected = !knock()
            if !readiness.isConnected {
                readiness.isReadable = false
                socket = nil
            }
        }
        return readiness
    }

    /// - Returns: Whether the connection is there now.
    private func takeGreeting() throws -> Bool {
        guard let ungreeted else { return false }
        do throws(TransportError) {
            line = try DirectLine.greeted(ungreeted)
            if line != nil { self.ungreeted = nil }
            return line != nil
        } catch {
            close(ungreeted)
            self.ungreeted = nil
            hasNoLine = true
            warn("\(error) The coordinator is reached by ZeroMQ, which is slower.")
        }
        try openSocket()
        return false
    }

    /// Sends a message.
    ///
    /// - Returns: Whether it was taken; if not, the connection is gone, or takes nothing any more.
    func send(_ frames: [Frame]) throws -> Bool {
        if let line { return line.send(frames) }
        return try socket?.send(Check.adding(to: frames).map { try Message.carrying($0) }) == .taken
    }

    /// Receives a message if there is one.
    func receive() throws -> Arrival {
        if let line {
            let arrival = line.receive(isReadable: isLineReadable)
            isLineReadable = false
            if case .end = arrival { self.line = nil }
            return arrival
        }
        guard let message = try socket?.receive(frameLimit: mostFrames) else { return .nothing }
        do throws(ProtocolViolation) {
            return .message(try Check.removing(from: message.map { Frame($0) }))
        } catch {
            return .unreadable(error)
        }
    }

    /// A frame to be sent, made where it needs no copy if that can be.
    func draft(byteCount: Int) -> FrameDraft { line?.draft(byteCount: byteCount) ?? FrameDraft(byteCount: byteCount) }

    /// Gives the last message time to go out; to be called before the connection goes.
    func linger() throws { try socket?.set(.linger, to: 200) }
}
