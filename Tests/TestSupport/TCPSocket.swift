#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// A TCP socket of 127.0.0.1, with nothing but bytes.
package final class TCPSocket {
    /// The port that it listens at or is connected to.
    package let port: UInt16
    private let descriptor: Int32

    /// Listens at a free port, which others may listen at afterwards: it is none of those that the system hands out by itself, and might give to somebody else meanwhile.
    package convenience init() throws {
        for port in (UInt16(20_000)..<32_000).shuffled().prefix(100) {
            let descriptor = Self.open(port) { bind($0, $1, $2) == 0 && listen($0, 1) == 0 }
            if let descriptor {
                self.init(port, descriptor)
                return
            }
        }
        throw ProgramFailure(description: "No port can be listened at: \(String(cString: strerror(errno))).")
    }

    /// Connects to a port.
    package convenience init(connectingTo port: UInt16) throws {
        guard let descriptor = Self.open(port, { connect($0, $1, $2) == 0 }) else {
            throw ProgramFailure(description: "No socket at 127.0.0.1:\(port): \(String(cString: strerror(errno))).")
        }
        self.init(port, descriptor)
    }

    private init(_ port: UInt16, _ descriptor: Int32) {
        self.port = port
        self.descriptor = descriptor
    }

    /// A socket with which `use` has succeeded at a port.
    private static func open(_ port: UInt16, _ use: (Int32, UnsafePointer<sockaddr>, socklen_t) -> Bool) -> Int32? {
        #if canImport(Glibc)
            let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        #else
            let descriptor = socket(AF_INET, SOCK_STREAM, 0)
        #endif
        // A connection that this end hangs up before the other one has sent anything lingers, and who listens at the port next is refused it unless both sockets are marked so.
        var isReusable: Int32 = 1
        setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &isReusable, socklen_t(MemoryLayout<Int32>.size))
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        let isUsed = withUnsafeBytes(of: &address) { bytes in
            bytes.withMemoryRebound(to: sockaddr.self) { use(descriptor, $0.baseAddress!, socklen_t(bytes.count)) }
        }
        if isUsed { return descriptor }
        let code = errno
        close(descriptor)
        errno = code
        return nil
    }

    /// Takes the next connection to a listening socket, for what it is worth, and hangs up once some bytes are sent.
    package func answerOnce(with bytes: [UInt8]) {
        let connection = accept(descriptor, nil, nil)
        guard connection >= 0 else { return }
        _ = bytes.withUnsafeBytes { send(connection, $0.baseAddress, $0.count, 0) }
        close(connection)
    }

    deinit { close(descriptor) }

    /// Sends bytes, as many as the other side takes before it hangs up.
    package func transmit(_ bytes: [UInt8]) {
        #if canImport(Darwin)
            var on: Int32 = 1
            setsockopt(descriptor, SOL_SOCKET, SO_NOSIGPIPE, &on, socklen_t(MemoryLayout<Int32>.size))
            let flags: Int32 = 0
        #else
            let flags = Int32(MSG_NOSIGNAL)
        #endif
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { send(descriptor, $0.baseAddress, $0.count, flags) }
            guard count > 0 else { return }
            rest = rest.dropFirst(count)
        }
    }
}
