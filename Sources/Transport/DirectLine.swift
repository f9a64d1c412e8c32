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

/// A connection between a coordinator and a worker of one machine with no thread in between: memory that both share, by which messages and their tensors go, and a Unix socket
/// that wakes an end which sleeps, and tells it when the other one is gone.
///
/// By ZeroMQ's ipc a message wakes three threads on its way, by a direct line one at most. State machines and messages know nothing of it. Only Linux
/// has what it takes; elsewhere ZeroMQ connects local workers too, as it does those of other makers.
final class DirectLine {
    /// The socket, for polls.
    let descriptor: Int32
    private var frames: SharedFrames
    private var outgoing: [UInt8] = []
    /// Room for any datagram; what none has used takes no memory.
    private let datagram = UnsafeMutableRawBufferPointer.allocate(byteCount: Int(message_socket_largest), alignment: 64)
    /// A message that came by the socket before its place in the queue.
    private var early: Frame?
    private var hasEnded = false
    /// The last message that was sent ahead, while it is not released; known by its first frame's owner.
    private var sentAhead: (owner: AnyObject, number: UInt64, promise: SharedFrames.Promise)?
    private var lastNumber: UInt64 = 0
    /// The last message that came ahead, while it is not released.
    private var cameAhead: (number: UInt64, leases: [BlockChannel.Lease])?

    /// The one byte that wakes the other end.
    private static let wakeUpCall: [UInt8] = [0]

    /// Takes over a connection whose ends share memory.
    init(_ descriptor: Int32, _ frames: SharedFrames) {
        self.descriptor = descriptor
        self.frames = frames
    }

    deinit {
        close(descriptor)
        datagram.deallocate()
    }

    // MARK: Sending

    /// Sends a message.
    ///
    /// - Returns: Whether it was taken. If not, the other end is gone or has stopped reading, and the connection is of no use any more.
    func send(_ message: [Frame]) -> Bool {
        guard let ahead = sentAhead, ahead.owner === message.first?.owner else { return transmit(frames.put(message)) }
        sentAhead = nil
        frames.keep(ahead.promise)
        return transmit([], number: ahead.number)
    }

    /// Sends a coordinator's message ahead of its time, if that can be: the worker reads it, and once it is sent another one, of a few bytes, tells so. Its last frame may still be written.
    func sendAhead(_ message: [Frame]) {
        sentAhead = nil
        guard let owner = message.first?.owner, let (parts, promise) = frames.promise(message) else { return }
        lastNumber += 1
        if transmit(parts, number: lastNumber) { sentAhead = (owner, lastNumber, promise) }
    }

    private func transmit(_ parts: [SharedFrames.Part], number: UInt64 = 0) -> Bool {
        if hasEnded { return false }
        outgoing.removeAll(keepingCapacity: true)
        DirectMessage(parts, number: number).append(to: &outgoing)
        let queue = queues.outgoing
        // What there is no room for goes by the socket, and a message of no bytes keeps its place.
        let isTaken =
            outgoing.withUnsafeBytes { queue.send($0, leaving: SharedFrames.queueReserve) }
            || message_socket_send(descriptor, outgoing, outgoing.count) != 0 && queue.send(UnsafeRawBufferPointer(start: nil, count: 0))
        return isTaken && (!queue.isReceiverAsleep || wake())
    }

    /// - Returns: Whether the other end is still there.
    private func wake() -> Bool {
        // Without room there is something that wakes it.
        message_socket_send(descriptor, Self.wakeUpCall, Self.wakeUpCall.count) != 0 || errno == EAGAIN
    }

    // MARK: Receiving

    /// Receives a message if there is one.
    ///
    /// - Parameter isReadable: Whether the socket may have something to say.
    func receive(isReadable: Bool) -> Arrival {
        if early != nil, let arrival = receiveQueued() { return arrival }
        // Before the queue, so that what wakes this end does so once, and what was sent before the other end closed is in the queue by now.
        var isClosed = false
        if isReadable {
            switch readSocket() {
            case .nothing, .call: break
            case .message(let message):
                // A message has its place in the queue before the next one is sent.
                let arrival = early == nil ? nil : receiveQueued() ?? end()
                early = message
                if let arrival { return arrival }
            case .end: isClosed = true
            }
        }
        return receiveQueued() ?? (isClosed ? end() : .nothing)
    }

    /// Whether there is something to receive that the socket need not tell of.
    var hasNews: Bool { queues.incoming.hasNews }

    /// Before this end waits for the descriptor: from now on the other one writes to it when it has sent a message.
    func fallAsleep() { queues.incoming.fallAsleep() }

    /// After the wait.
    func wakeUp() { queues.incoming.wakeUp() }

    /// The messages' queues, there and back.
    var queues: (outgoing: MessageQueue, incoming: MessageQueue) { frames.queues }

    /// What the queue has.
    private func receiveQueued() -> Arrival? {
        if hasEnded { return .end }
        switch queues.incoming.next {
        case .nothing: return nil
        case .damage: return end()
        case .message(let length):
            let message = Frame(byteCount: length) { queues.incoming.receive(into: $0) }
            if length > 0 { return arrival(of: message) }
            guard let message = takeEarly() else { return end() }
            return arrival(of: message)
        }
    }

    /// The message whose place in the queue has come: it was sent before that.
    private func takeEarly() -> Frame? {
        defer { early = nil }
        while early == nil {
            switch readSocket() {
            case .nothing, .end: return nil
            case .call: break
            case .message(let message): early = message
            }
        }
        return early
    }

    private func arrival(of bytes: Frame) -> Arrival {
        guard let message = DirectMessage(bytes) else { return .unreadable(.damaged) }
        if message.parts.isEmpty { return release(message.number) }
        if message.number == 0 { return frames.take(message.parts).map { .message($0) } ?? .unreadable(.damaged) }
        guard let (expected, leases) = frames.expect(message.parts) else { return .unreadable(.damaged) }
        cameAhead = (message.number, leases)
        return .ahead(expected)
    }

    private func release(_ number: UInt64) -> Arrival {
        guard let ahead = cameAhead, ahead.number == number else { return .unreadable(.damaged) }
        cameAhead = nil
        return ahead.leases.allSatisfy { $0.take() } ? .released : .unreadable(.damaged)
    }

    /// The connection is of no use any more.
    private func end() -> Arrival {
        hasEnded = true
        return .end
    }

    private enum Datagram {
        case nothing
        /// The other end has sent something while this one slept.
        case call
        case message(Frame)
        case end
    }

    private func readSocket() -> Datagram {
        let length = message_socket_receive(descriptor, datagram.baseAddress, datagram.count)
        switch length {
        case ..<0: return errno == EAGAIN ? .nothing : .end
        case Self.wakeUpCall.count: return .call
        case 1...datagram.count: return .message(Frame(copying: UnsafeRawBufferPointer(rebasing: datagram[..<length])))
        default: return .end
        }
    }

    // MARK: Making frames

    /// A frame that is made where it will be sent from, if it is large and there is room.
    func draft(byteCount: Int) -> FrameDraft? { frames.draft(byteCount: byteCount) }
}
