import CNNCore
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

    @Test("A frame's floats and a vector's bytes are where they were, unless their address is odd")
    func vectors() {
        let numbers: [Float] = [1, -2, 3]
        let frame = Frame(floats: numbers)
        let vector = frame.vector()
        #expect(vector.array == numbers)
        let back = Frame(vector)
        #expect(back.bytes() == frame.bytes())
        let staysWhereItIs = vector.owner === frame.owner && back.owner === frame.owner
        #expect(staysWhereItIs)
        #expect(frame.part(4..<11).vector().array == [-2])
        let odd = Frame(bytes: [9] + frame.bytes()).part(1..<13)
        #expect(odd.vector().array == numbers)
        #expect(Frame(bytes: []).vector().array == [])
    }

    @Test("A part of a frame is the same bytes at the same place, and a part of a part too")
    func parts() {
        let whole = Frame(bytes: [0, 1, 2, 3, 4, 5])
        let part = whole.part(1..<5).part(1..<3)
        #expect(part.bytes() == [2, 3])
        let distance = whole.withUnsafeBytes { whole in part.withUnsafeBytes { $0.baseAddress! - whole.baseAddress! } }
        #expect(distance == 2)
        #expect(whole.part(6..<6).count == 0 && whole.part(0..<6).bytes() == whole.bytes())
    }

    @Test("An empty frame is empty")
    func empty() {
        let frame = Frame(bytes: [])
        #expect(frame.count == 0 && frame.bytes() == [] && frame.floats() == [] && frame.aligned(to: 64).count == 0)
    }
}

struct RowTableTests {
    private let bytes: [UInt8] = Array(0..<12)

    @Test(
        "A frame of rows has their bytes in the order that was asked for",
        arguments: [[2, 0, 2], [1], [], [0, 1, 2, 3], [1, 2]] as [[UInt32]])
    func rows(numbers: [UInt32]) {
        let owner = Frame(bytes: bytes)
        let tables = [RowTable(bytes, rowSize: 3), owner.withUnsafeBytes { RowTable(owner: owner.owner, bytes: $0, rowSize: 3) }]
        for table in tables {
            #expect(table.count == 4)
            let expected = numbers.flatMap { bytes[Int($0) * 3..<Int($0) * 3 + 3] }
            let frame = Frame(TableRows(of: table, numbers: numbers))
            #expect(frame.count == expected.count)
            #expect(frame.bytes() == expected)
            #expect(frame.contiguous.rows == nil)
            #expect(frame.contiguous.bytes() == expected)
            #expect(frame.aligned(to: 64).bytes() == expected)
            #expect(frame.hasBytes(of: Frame(bytes: expected)))
            #expect(frame.part(0..<expected.count / 2).bytes() == Array(expected[..<(expected.count / 2)]))
        }
    }

    @Test("Rows that stand one after the other in memory that stays are not copied")
    func inPlace() {
        let owner = Frame(bytes: bytes)
        let table = owner.withUnsafeBytes { RowTable(owner: owner.owner, bytes: $0, rowSize: 3) }
        func isInPlace(_ numbers: [UInt32]) -> Bool { Frame(TableRows(of: table, numbers: numbers)).contiguous.owner === owner.owner }
        #expect(isInPlace([1, 2, 3]) && isInPlace([0]))
        #expect(!isInPlace([1, 3]) && !isInPlace([2, 1]) && !isInPlace([]))
    }
}
