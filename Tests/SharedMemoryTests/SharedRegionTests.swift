import Testing

@testable import SharedMemory

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// A region as its maker and as another process have it.
struct MappedTwice {
    let made: SharedRegion
    let opened: SharedRegion

    init(byteCount: Int, access: SharedRegion.Access = .readingAndWriting) throws {
        var opened: Result<SharedRegion, any Error>?
        made = try SharedRegion(byteCount: byteCount) { descriptor in
            opened = Result { try SharedRegion(sharedAs: descriptor, byteCount: byteCount, access: access) }
        }
        self.opened = try #require(opened).get()
    }
}

struct SharedRegionTests {
    /// Whether the system writes to memory for us, which reports what a store of our own would die of.
    private func isWritable(_ bytes: UnsafeMutableRawBufferPointer) -> Bool {
        let zeros = open("/dev/zero", O_RDONLY)
        defer { close(zeros) }
        let written = read(zeros, bytes.baseAddress, bytes.count)
        #expect(written == bytes.count || errno == EFAULT)
        return written == bytes.count
    }

    @Test("What one process writes the other one reads, zeros before", arguments: [1, 4096, 100_000])
    func sharing(byteCount: Int) throws {
        let region = try MappedTwice(byteCount: byteCount)
        #expect(region.opened.bytes.allSatisfy { $0 == 0 })
        region.made.bytes[byteCount - 1] = 7
        #expect(region.opened.bytes[byteCount - 1] == 7)
        region.opened.bytes[0] = 9
        #expect(region.made.bytes[0] == 9)
    }

    @Test("Contents stand where they belong for every process, zeros around them")
    func contents() throws {
        let (first, second) = ([UInt8](repeating: 3, count: 5000), [UInt8]((0..<9001).map { UInt8(truncatingIfNeeded: $0) }))
        var opened: Result<SharedRegion, any Error>?
        let made = try SharedRegion(byteCount: 40_000, contents: [(0, first), (8192, second), (20_000, [])]) { descriptor in
            opened = Result { try SharedRegion(sharedAs: descriptor, byteCount: 40_000, access: .reading) }
        }
        let expected = first + [UInt8](repeating: 0, count: 3192) + second + [UInt8](repeating: 0, count: 40_000 - 8192 - 9001)
        #expect(made.bytes.elementsEqual(expected))
        #expect(try #require(opened).get().bytes.elementsEqual(expected))
    }

    @Test("A process that may only read cannot write")
    func reading() throws {
        let region = try MappedTwice(byteCount: 8192, access: .reading)
        region.made.bytes[5] = 3
        #expect(!isWritable(region.opened.bytes))
        #expect(region.opened.bytes[5] == 3)
        #expect(isWritable(region.made.bytes))
        #expect(region.opened.bytes[5] == 0)
    }

    @Test("Bytes that are protected cannot be written to, and all others can")
    func protection() throws {
        let region = try MappedTwice(byteCount: 4 * 65536)
        region.made.protect(65536..<3 * 65536)
        for part in 0..<4 {
            let bytes = part * 65536..<(part + 1) * 65536
            #expect(isWritable(UnsafeMutableRawBufferPointer(rebasing: region.made.bytes[bytes])) == (part == 0 || part == 3))
            #expect(isWritable(UnsafeMutableRawBufferPointer(rebasing: region.opened.bytes[bytes])))
        }
    }

    @Test("What is no shared memory, or of another size than announced, is not opened")
    func wrongSize() throws {
        _ = try SharedRegion(byteCount: 8192) { descriptor in
            let error = #expect(throws: SharedMemoryError.self) {
                try SharedRegion(sharedAs: descriptor, byteCount: 12288, access: .reading)
            }
            #expect(error?.description == "opening shared memory failed: Invalid argument")
        }
        var ends: [Int32] = [-1, -1]
        #expect(pipe(&ends) == 0)
        for byteCount in [0, 8192] {
            #expect(throws: SharedMemoryError.self) { try SharedRegion(sharedAs: ends[0], byteCount: byteCount, access: .reading) }
        }
        for end in ends { close(end) }
    }

    #if os(Linux)
        @Test("A region's size is final, so that nobody can take memory away from under the other end")
        func sealed() throws {
            _ = try SharedRegion(byteCount: 8192, contents: [(0, [1])]) { descriptor in
                #expect(ftruncate(descriptor, 0) == -1)
                #expect(errno == EPERM)
            }
        }

        @Test("Contents that find no room are an error, not a signal")
        func noRoom() {
            let full = open("/dev/full", O_WRONLY)
            defer { close(full) }
            #expect(!SharedRegion.write([1, 2, 3], to: full, at: 0))
            #expect(errno == ENOSPC)
            #expect(SharedRegion.write([], to: full, at: 0))
        }
    #endif
}
