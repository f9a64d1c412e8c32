/// Damages bytes in the ways in which decoders are known to break.
struct ByteMutator {
    /// Inputs grow no longer than this, in bytes: a case must stay cheap.
    static let longest = 1 << 16

    /// Pieces of the format's own language, at least one.
    let dictionary: [[UInt8]]

    /// Numbers at which sizes, counts and signs go wrong.
    static let interestingNumbers: [UInt64] = [
        0, 1, 2, 3, 4, 7, 8, 9, 15, 16, 17, 31, 32, 33, 63, 64, 65, 100, 127, 128, 129, 255, 256, 257, 1023, 1024, 1025, 4095, 4096, 4097,
        32_767,
        32_768, 65_535, 65_536, 65_537, 1 << 20, 1 << 24, 0x7FFF_FFFF, 0x8000_0000, 0xFFFF_FFFE, 0xFFFF_FFFF, 0x1_0000_0000, 1 << 40,
        1 << 62,
        0x7FFF_FFFF_FFFF_FFFF, 0x8000_0000_0000_0000, .max - 7, .max - 1, .max,
    ]

    /// Damages `bytes` at one to a few places.
    ///
    /// - Parameter partner: another input of the same format, to take parts of.
    func mutate(_ bytes: inout [UInt8], partner: [UInt8], _ random: inout CaseRandom) {
        if random.oneIn(64) {
            bytes = random.bytes(random.length(upTo: 512))
            return
        }
        repeat {
            mutateOnce(&bytes, partner: partner, &random)
        } while random.below(5) < 2
        if bytes.count > Self.longest { bytes.removeLast(bytes.count - Self.longest) }
    }

    private func mutateOnce(_ bytes: inout [UInt8], partner: [UInt8], _ random: inout CaseRandom) {
        guard !bytes.isEmpty else {
            bytes = random.oneIn(2) ? random.bytes(random.below(16)) : partner
            return
        }
        let place = random.below(bytes.count)
        switch random.below(14) {
        case 0: bytes[place] ^= 1 << UInt8(random.below(8))
        case 1: bytes[place] = random.byte()
        case 2: bytes[place] = random.pick([0, 1, 0x7F, 0x80, 0xFE, 0xFF])
        case 3: overwrite(&bytes, at: place, with: number(random.pick(Self.interestingNumbers), &random))
        case 4: nudge(&bytes, at: place, &random)
        case 5: bytes.removeLast(bytes.count - place)
        case 6: bytes.removeSubrange(range(in: bytes, &random))
        case 7: bytes.insert(contentsOf: bytes[range(in: bytes, &random)], at: place)
        case 8: bytes.insert(contentsOf: random.bytes(1 + random.length(upTo: 64)), at: place)
        case 9: bytes.replaceSubrange(place..., with: partner.dropFirst(random.below(partner.count + 1)))
        case 10: repeatPart(&bytes, &random)
        case 11: replaceDigits(&bytes, near: place, &random)
        default:
            let token = random.pick(dictionary)
            if random.oneIn(2) { bytes.insert(contentsOf: token, at: place) } else { overwrite(&bytes, at: place, with: token) }
        }
    }

    private func range(in bytes: [UInt8], _ random: inout CaseRandom) -> Range<Int> {
        let start = random.below(bytes.count)
        return start..<start + 1 + random.length(upTo: bytes.count - start - 1)
    }

    private func overwrite(_ bytes: inout [UInt8], at place: Int, with piece: [UInt8]) {
        bytes.replaceSubrange(place..<min(bytes.count, place + piece.count), with: piece)
    }

    /// A number in 1, 2, 4 or 8 bytes of either order, or as a varint.
    private func number(_ value: UInt64, _ random: inout CaseRandom) -> [UInt8] {
        if random.oneIn(3) { return varint(value) }
        let width = 1 << random.below(4)
        let little = (0..<width).map { UInt8(truncatingIfNeeded: value >> (8 * UInt64($0))) }
        return random.oneIn(2) ? little : little.reversed()
    }

    /// Adds or subtracts a little from an integer of either byte order.
    private func nudge(_ bytes: inout [UInt8], at place: Int, _ random: inout CaseRandom) {
        let width = min(1 << random.below(4), bytes.count - place)
        let isBig = random.oneIn(2)
        let indices = isBig ? Array((place..<place + width).reversed()) : Array(place..<place + width)
        var carry = UInt64(bitPattern: Int64(random.below(33) - 16))
        for (position, index) in indices.enumerated() {
            carry &+= UInt64(bytes[index]) << UInt64(8 * position)
            bytes[index] = UInt8(truncatingIfNeeded: carry >> UInt64(8 * position))
        }
    }

    /// Repeats a short part many times: nesting, long strings, many members.
    private func repeatPart(_ bytes: inout [UInt8], _ random: inout CaseRandom) {
        let start = random.below(bytes.count)
        let part = bytes[start..<min(bytes.count, start + 1 + random.below(8))]
        let times = 1 + random.length(upTo: Self.longest / part.count)
        bytes.insert(contentsOf: (0..<times).flatMap { _ in part }, at: start)
    }

    /// Replaces a decimal number at or after `place` by another one.
    private func replaceDigits(_ bytes: inout [UInt8], near place: Int, _ random: inout CaseRandom) {
        func isDigit(_ byte: UInt8) -> Bool { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) }
        guard let start = bytes[place...].firstIndex(where: isDigit) else { return }
        let end = bytes[start...].firstIndex { !isDigit($0) } ?? bytes.count
        let number = random.pick(Self.interestingNumbers)
        let text = random.oneIn(4) ? "-\(number)" : random.oneIn(8) ? "\(number)00000000000000000000" : "\(number)"
        bytes.replaceSubrange(start..<end, with: Array(text.utf8))
    }
}

/// A number as protobuf's variable-length integer.
func varint(_ value: UInt64) -> [UInt8] {
    var bytes: [UInt8] = []
    var rest = value
    while rest >= 0x80 {
        bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
        rest >>= 7
    }
    return bytes + [UInt8(truncatingIfNeeded: rest)]
}
