import SharedMemory

/// Memory as two processes have it.
func mappedTwice(_ byteCount: Int) throws -> [SharedRegion] {
    var opened: Result<SharedRegion, any Error>?
    let made = try SharedRegion(byteCount: byteCount) { descriptor in
        opened = Result { try SharedRegion(sharedAs: descriptor, byteCount: byteCount, access: .readingAndWriting) }
    }
    guard let opened else { throw Finding("memory is not shared") }
    return [made, try opened.get()]
}
