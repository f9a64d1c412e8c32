import CISAL

/// The CRC-32 of zlib, gzip and PNG.
func crc32(_ bytes: UnsafeRawBufferPointer) -> UInt32 {
    guard let start = bytes.baseAddress else { return 0 }
    return crc32_gzip_refl(0, start.assumingMemoryBound(to: UInt8.self), UInt64(bytes.count))
}
