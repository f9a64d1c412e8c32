#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// Where a coordinator listens: `tcp://ADDRESS:PORT` or `ipc://PATH`.
package struct Endpoint: Sendable, Hashable, CustomStringConvertible {
    private enum Address: Hashable {
        case tcp(host: String)
        case ipc(path: String)
    }

    /// As it was written.
    package let description: String
    private let address: Address

    /// Longest path of an ipc endpoint in bytes: what a Unix socket's address has room for.
    package static let longestPath = MemoryLayout.size(ofValue: sockaddr_un().sun_path) - 1

    /// - Throws: ``TransportError`` if the text is no endpoint.
    package init(_ text: String) throws(TransportError) {
        func refuse(_ why: String) -> TransportError {
            TransportError(
                description: "\(text) is no endpoint: \(why). Use tcp://ADDRESS:PORT, such as tcp://127.0.0.1:5555, or ipc://PATH.")
        }
        description = text
        if text.hasPrefix("ipc://") {
            let path = String(text.dropFirst(6))
            guard !path.isEmpty else { throw refuse("the path is missing") }
            guard path.utf8.count <= Self.longestPath else {
                throw refuse("its path has \(path.utf8.count) bytes, and a Unix socket's has at most \(Self.longestPath)")
            }
            guard !path.hasSuffix(Self.directSuffix) else {
                throw refuse("paths that end in \(Self.directSuffix) are those of direct lines, beside endpoints")
            }
            address = .ipc(path: path)
        } else if text.hasPrefix("tcp://") {
            let rest = text.dropFirst(6)
            guard let colon = rest.lastIndex(of: ":"), colon > rest.startIndex else { throw refuse("the address or the port is missing") }
            let port = rest[rest.index(after: colon)...]
            guard port == "*" || UInt16(port) != nil else { throw refuse("its port \(port) is not a number from 0 to 65535") }
            address = .tcp(host: String(rest[..<colon]))
        } else {
            throw refuse("it begins with neither tcp:// nor ipc://")
        }
    }

    /// Whether only programs on this machine can reach it.
    package var isLoopback: Bool {
        switch address {
        case .ipc: true
        case .tcp(let host): host == "localhost" || host.hasPrefix("127.") || host == "[::1]" || host == "::1"
        }
    }

    /// Where direct lines come in beside an ipc endpoint, both of whose ends are on one machine; nil where there can be none.
    var directPath: String? {
        guard case .ipc(let path) = address, path.utf8.count + Self.directSuffix.utf8.count <= Self.longestPath else { return nil }
        return path + Self.directSuffix
    }

    private static let directSuffix = ".direct"

    /// Bytes of the longest folder's path in which an ipc endpoint of a file's name has direct lines beside it.
    package static func longestFolder(forSocket name: String) -> Int { longestPath - "/\(name)\(directSuffix)".utf8.count }

    /// The endpoint as others should name it, given what libzmq calls it once bound: with the port's number in place of `*`.
    func named(asBound bound: String) -> String {
        guard description.hasSuffix(":*"), let colon = bound.lastIndex(of: ":") else { return description }
        return String(description.dropLast(2)) + bound[colon...]
    }

    /// Makes sure that listening on an ipc path takes it from nobody: libzmq replaces whatever socket stands there, one in use as well.
    ///
    /// - Throws: ``TransportError`` if a program listens there, or the file is no socket.
    func checkPathIsFree() throws(TransportError) {
        guard case .ipc(let path) = address else { return }
        var status = stat()
        guard lstat(path, &status) == 0 else { return }
        guard status.st_mode & S_IFMT == S_IFSOCK else {
            throw TransportError(description: "Cannot listen on \(self): \(path) is a file that is not a socket. Choose another path.")
        }
        if Self.answers(path) {
            throw TransportError(
                description: "Cannot listen on \(self): another program listens there. Choose another path, or stop that program.")
        }
    }

    /// Removes an ipc endpoint's file, which libzmq leaves behind; for whoever listens there.
    func removeFile() {
        if case .ipc(let path) = address { unlink(path) }
    }

    /// Whether a program takes connections at a Unix socket's path.
    private static func answers(_ path: String) -> Bool {
        #if canImport(Glibc)
            let descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
        #else
            let descriptor = socket(AF_UNIX, SOCK_STREAM, 0)
        #endif
        guard descriptor >= 0 else { return false }
        defer { close(descriptor) }
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8.prefix(longestPath)) }
        return withUnsafeBytes(of: &address) { bytes in
            bytes.withMemoryRebound(to: sockaddr.self) { connect(descriptor, $0.baseAddress, socklen_t(bytes.count)) } == 0
        }
    }
}
