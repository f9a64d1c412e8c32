import COpenSSL

/// A SHA-256 digest (FIPS 180-4), of a message given in pieces or at once.
package struct SHA256: ~Copyable {
    private var digest: MessageDigest
    /// Looked up once: OpenSSL would look for it at each message's beginning otherwise. Nothing changes it, and it is never freed.
    nonisolated(unsafe) private static let algorithm = EVP_MD_fetch(nil, "SHA256", nil)

    /// Starts the digest of an empty message.
    package init() {
        do {
            digest = try MessageDigest(Self.algorithm, name: "SHA-256")
        } catch {
            preconditionFailure("SHA-256 belongs to every OpenSSL: \(error)")
        }
    }

    /// Takes in more of the message.
    package mutating func update(_ bytes: UnsafeRawBufferPointer) {
        digest.update(bytes)
    }

    /// Takes in more of the message.
    package mutating func update(_ bytes: [UInt8]) {
        bytes.withUnsafeBytes { update($0) }
    }

    /// Ends the message and returns its digest, 32 bytes.
    package consuming func finalize() -> [UInt8] {
        digest.finalize()
    }

    /// Returns the digest of a message, 32 bytes.
    package static func hash(_ bytes: UnsafeRawBufferPointer) -> [UInt8] {
        var digest = SHA256()
        digest.update(bytes)
        return digest.finalize()
    }

    /// Returns the digest of a message, 32 bytes.
    package static func hash(_ bytes: [UInt8]) -> [UInt8] {
        bytes.withUnsafeBytes { hash($0) }
    }
}
