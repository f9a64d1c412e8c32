import CXXHash

/// XXH3, a fast digest that is no cryptographic one: for noticing damage, and for records that are compared with what somebody computes again.
///
/// It is the algorithm of the xxHash library from version 0.8 on, without seed (https://github.com/Cyan4973/xxHash).
package enum XXH3 {
    /// The 64-bit digest of some bytes.
    package static func digest64(_ message: UnsafeRawBufferPointer) -> UInt64 { xxh3_64bits(message.baseAddress, message.count) }

    /// The 128-bit digest of floats as little-endian float32, back to back: 16 bytes in the library's canonical order, the most significant first.
    package static func digest128(_ values: UnsafeBufferPointer<Float>) -> [UInt8] {
        #if _endian(big)
            let hash = values.map(\.bitPattern.littleEndian).withUnsafeBytes { xxh3_128bits($0.baseAddress, $0.count) }
        #else
            let hash = xxh3_128bits(values.baseAddress, values.count * MemoryLayout<Float>.size)
        #endif
        return withUnsafeBytes(of: (hash.high64.bigEndian, hash.low64.bigEndian)) { Array($0) }
    }
}
