import Testing
import TrainingProtocol

struct FrameTests {
    @Test("Numbers are little-endian")
    func layout() {
        #expect(Frame(floats: [1, -2]).bytes() == [0, 0, 0x80, 0x3F, 0, 0, 0, 0xC0])
        #expect(Frame(bytes: [1, 0, 0, 0, 0, 1, 0, 0, 9]).unsignedIntegers() == [1, 256])
    }

    @Test("A frame at an odd address is copied to an even one, any other is left where it is")
    func alignment() {
        let owner = Frame(bytes: [9, 1, 2, 3, 4, 5, 6, 7, 8])
        let odd = owner.withUnsafeBytes { Frame(owner: owner.owner, bytes: UnsafeRawBufferPointer(rebasing: $0[1...])) }
        let aligned = odd.aligned(to: 4)
        #expect(aligned.bytes() == [1, 2, 3, 4, 5, 6, 7, 8])
        #expect(aligned.withUnsafeBytes { Int(bitPattern: $0.baseAddress) % 4 } == 0)
        let isSame = aligned.aligned(to: 4).owner === aligned.owner
        #expect(isSame)
    }

    @Test("An empty frame is empty")
    func empty() {
        let frame = Frame(bytes: [])
        #expect(frame.count == 0 && frame.bytes() == [] && frame.floats() == [] && frame.aligned(to: 64).count == 0)
    }
}
