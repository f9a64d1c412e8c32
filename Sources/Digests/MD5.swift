import COpenSSL

/// An MD5 digest (RFC 1321), of a message given in pieces or at once.
///
/// Only for checking files whose publishers give no better checksum: MD5 finds damage, not forgery.
package struct MD5: ~Copyable {
    private var digest: MessageDigest

    /// Starts the digest of an empty message.
    ///
    /// - Throws: `DigestError` where the system's OpenSSL refuses MD5.
    package init() throws(DigestError) {
        digest = try MessageDigest(EVP_md5(), name: "MD5")
    }

    /// Takes in more of the message.
    package mutating func update(_ bytes: UnsafeRawBufferPointer) {
        digest.update(bytes)
    }

    /// Takes in more of the message.
    package mutating func update(_ bytes: [UInt8]) {
        bytes.withUnsafeBytes { update($0) }
    }

    /// Ends the message and returns its digest, 16 bytes.
    package consuming func finalize() -> [UInt8] {
        digest.finalize()
    }

    /// Returns the digest of a message, 16 bytes.
    ///
    /// - Throws: `DigestError` where the system's OpenSSL refuses MD5.
    package static func hash(_ bytes: [UInt8]) throws(DigestError) -> [UInt8] {
        var digest = try MD5()
        digest.update(bytes)
        return digest.finalize()
    }
}
