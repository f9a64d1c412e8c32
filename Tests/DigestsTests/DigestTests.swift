import Digests
import Testing

@Suite struct DigestTests {
    /// Vectors of FIPS 180-2, appendix B, and of NIST's example collection.
    @Test(arguments: [
        ("", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
        ("abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
        (
            "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
            "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"
        ),
    ])
    func publishedSHA256(message: String, digest: String) {
        #expect(SHA256.hash(Array(message.utf8)).hexString == digest)
    }

    /// The test suite of RFC 1321, appendix A.5.
    @Test(arguments: [
        ("", "d41d8cd98f00b204e9800998ecf8427e"),
        ("a", "0cc175b9c0f1b6a831c399e269772661"),
        ("abc", "900150983cd24fb0d6963f7d28e17f72"),
        ("message digest", "f96b697d7cb7938d525a2f31aaf161d0"),
        ("abcdefghijklmnopqrstuvwxyz", "c3fcd3d76192e4007dfb496cca67e13b"),
        ("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789", "d174ab98d277d9f5a5611c2c9f419d9f"),
        ("12345678901234567890123456789012345678901234567890123456789012345678901234567890", "57edf4a22be3c955ac49da2e2107b67a"),
    ])
    func publishedMD5(message: String, digest: String) throws {
        #expect(try MD5.hash(Array(message.utf8)).hexString == digest)
    }

    @Test func aMillionBytesInUnevenPieces() throws {
        let message = [UInt8](repeating: UInt8(ascii: "a"), count: 1_000_000)
        var sha256 = SHA256()
        var md5 = try MD5()
        var start = 0
        var length = 0
        while start < message.count {
            let piece = message[start..<min(start + length, message.count)]
            piece.withUnsafeBytes { sha256.update($0) }
            piece.withUnsafeBytes { md5.update($0) }
            start += length
            length = length * 3 % 9973 + 1
        }
        #expect(sha256.finalize().hexString == "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0")
        #expect(md5.finalize().hexString == "7707d6ae4e027c70eea2a935c2296f21")
    }

    @Test func hexadecimalKeepsLeadingZeros() {
        #expect([0, 1, 0x0A, 0xF0, 0xFF].hexString == "00010af0ff")
        #expect([].hexString == "")
    }
}
