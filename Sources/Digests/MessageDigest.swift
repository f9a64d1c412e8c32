import COpenSSL

/// What OpenSSL could not do.
package struct DigestError: Error, CustomStringConvertible, Hashable {
    package let description: String
}

/// A digest being computed by OpenSSL, of whichever algorithm.
struct MessageDigest: ~Copyable {
    private let context: OpaquePointer

    /// Starts a digest.
    ///
    /// - Throws: `DigestError` where the system's OpenSSL refuses the algorithm, as one in FIPS mode refuses MD5.
    init(_ algorithm: OpaquePointer?, name: String) throws(DigestError) {
        guard let context = EVP_MD_CTX_new() else {
            throw DigestError(description: "OpenSSL has no memory for a \(name) digest.")
        }
        guard EVP_DigestInit_ex(context, algorithm, nil) == 1 else {
            EVP_MD_CTX_free(context)
            throw DigestError(description: "This system's OpenSSL does not offer \(name); its policy (FIPS mode, perhaps) forbids it.")
        }
        self.context = context
    }

    /// Takes in more of the message.
    mutating func update(_ bytes: UnsafeRawBufferPointer) {
        let status = EVP_DigestUpdate(context, bytes.baseAddress, bytes.count)
        precondition(status == 1, "a digest that was started takes any bytes")
    }

    /// Ends the message and returns its digest.
    consuming func finalize() -> [UInt8] {
        [UInt8](unsafeUninitializedCapacity: Int(EVP_MAX_MD_SIZE)) { digest, count in
            var length: UInt32 = 0
            let status = EVP_DigestFinal_ex(context, digest.baseAddress, &length)
            precondition(status == 1, "a digest that was started can be ended")
            count = Int(length)
        }
    }

    deinit {
        EVP_MD_CTX_free(context)
    }
}

extension Sequence<UInt8> {
    /// The bytes in lower-case hexadecimal, two digits each.
    package var hexString: String {
        let digits = Array("0123456789abcdef".utf8)
        var text: [UInt8] = []
        text.reserveCapacity(underestimatedCount * 2)
        // An array's elements, which other modules' generic code gets at one call a piece.
        for byte in Array(self) {
            text.append(digits[Int(byte >> 4)])
            text.append(digits[Int(byte & 15)])
        }
        return String(decoding: text, as: UTF8.self)
    }
}
