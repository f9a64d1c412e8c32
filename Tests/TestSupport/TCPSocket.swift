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

    /// Listens at any free port.
    package convenience init() throws {
        try self.init(port: 0) { descriptor, address, size in
            bind(descriptor, address, size) == 0 && listen(descriptor, 1) == 0
        }
    }

    /// Connects to a port.
    package convenience init(connectingTo port: UInt16) throws {
        try self.init(port: port) { connect($0, $1, $2) == 0 }
    }

    private init(port: UInt16, open: (Int32, UnsafeMutablePointer<sockaddr>, socklen_t) -> Bool) throws {
        #if canImport(Glibc)
            let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        #else
            let descriptor = socket(AF_INET, SOCK_STREAM, 0)
        #endif
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        var size = socklen_t(MemoryLayout<sockaddr_in>.size)
        let isOpen = withUnsafeMutablePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
                open(descriptor, address, size) && (port > 0 || getsockname(descriptor, address, &size) == 0)
            }
        }
        self.descriptor = descriptor
        self.port = UInt16(bigEndian: address.sin_port)
        guard isOpen else { throw ProgramFailure(description: "No socket at 127.0.0.1:\(port): \(String(cString: strerror(errno))).") }
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
