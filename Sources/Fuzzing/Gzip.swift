import CZlib

/// Bytes as a gzip file. The smallest window and tables: a case must stay cheap.
func gzip(_ bytes: [UInt8]) -> [UInt8] {
    var stream = z_stream()
    // 9 bits of window, and 16 for gzip's header and trailer.
    let status = deflateInit2_(&stream, 1, Z_DEFLATED, 9 + 16, 1, Z_DEFAULT_STRATEGY, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size))
    precondition(status == Z_OK, "zlib does not start: status \(status)")
    defer { deflateEnd(&stream) }
    var source = bytes
    return source.withUnsafeMutableBufferPointer { source in
        [UInt8](unsafeUninitializedCapacity: Int(deflateBound(&stream, UInt(source.count)))) { target, count in
            stream.next_in = source.baseAddress
            stream.avail_in = UInt32(source.count)
            stream.next_out = target.baseAddress
            stream.avail_out = UInt32(target.count)
            let status = deflate(&stream, Z_FINISH)
            precondition(status == Z_STREAM_END, "zlib does not finish: status \(status)")
            count = target.count - Int(stream.avail_out)
        }
    }
}
