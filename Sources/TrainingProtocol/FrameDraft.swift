/// A frame that is not written yet: all its bytes must be before anybody reads it.
package struct FrameDraft {
    /// What there is to write.
    package let bytes: UnsafeMutableRawBufferPointer
    private let owner: AnyObject

    /// A draft in memory that belongs to another object.
    package init(owner: AnyObject, bytes: UnsafeMutableRawBufferPointer) {
        self.owner = owner
        self.bytes = bytes
    }

    /// A draft in memory of its own, 64-byte aligned.
    package init(byteCount: Int) {
        let memory = FrameMemory(byteCount: byteCount)
        self.init(owner: memory, bytes: memory.bytes)
    }

    /// The frame, once it is written.
    package var frame: Frame { Frame(owner: owner, bytes: UnsafeRawBufferPointer(bytes)) }
}

/// Makes drafts of frames, each of some bytes, where they can be sent from without a copy if that can be.
package typealias FrameMaker = (_ byteCount: Int) -> FrameDraft

/// Memory of one frame, freed with the last reference to it, on whatever thread that goes.
private final class FrameMemory {
    let bytes: UnsafeMutableRawBufferPointer

    init(byteCount: Int) {
        bytes = .allocate(byteCount: byteCount, alignment: 64)
    }

    deinit { bytes.deallocate() }
}
