/// A protobuf message taken apart without its schema, so that its fields can be damaged one by one and the whole is still protobuf.
struct ProtobufFields {
    enum Value {
        case varint(UInt64)
        case fixed64(UInt64)
        case fixed32(UInt32)
        case bytes([UInt8])
    }

    private var fields: [(number: UInt64, value: Value)] = []

    /// Takes a message apart; nil where the bytes are none.
    init?(_ bytes: [UInt8]) {
        var rest = bytes[...]
        func varint() -> UInt64? {
            var value: UInt64 = 0
            for shift in stride(from: UInt64(0), to: 64, by: 7) {
                guard let byte = rest.popFirst() else { return nil }
                value |= UInt64(byte & 0x7F) << shift
                if byte < 0x80 { return value }
            }
            return nil
        }
        func fixed(_ width: Int) -> UInt64? {
            guard rest.count >= width else { return nil }
            defer { rest = rest.dropFirst(width) }
            return rest.prefix(width).reversed().reduce(0) { $0 << 8 | UInt64($1) }
        }
        while !rest.isEmpty {
            guard let tag = varint() else { return nil }
            switch tag & 7 {
            case 0:
                guard let value = varint() else { return nil }
                fields.append((tag >> 3, .varint(value)))
            case 1:
                guard let value = fixed(8) else { return nil }
                fields.append((tag >> 3, .fixed64(value)))
            case 2:
                guard let length = varint(), length <= UInt64(rest.count) else { return nil }
                fields.append((tag >> 3, .bytes(Array(rest.prefix(Int(length))))))
                rest = rest.dropFirst(Int(length))
            case 5:
                guard let value = fixed(4) else { return nil }
                fields.append((tag >> 3, .fixed32(UInt32(truncatingIfNeeded: value))))
            default: return nil
            }
        }
    }

    /// The message put together again.
    var bytes: [UInt8] {
        func littleEndian(_ value: UInt64, _ width: Int) -> [UInt8] {
            (0..<width).map { UInt8(truncatingIfNeeded: value >> (8 * UInt64($0))) }
        }
        return fields.flatMap { number, value in
            switch value {
            case .varint(let value): varint(number << 3) + varint(value)
            case .fixed64(let value): varint(number << 3 | 1) + littleEndian(value, 8)
            case .bytes(let bytes): varint(number << 3 | 2) + varint(UInt64(bytes.count)) + bytes
            case .fixed32(let value): varint(number << 3 | 5) + littleEndian(UInt64(value), 4)
            }
        }
    }

    /// Damages one field, of this message or of one within it.
    mutating func mutate(_ random: inout CaseRandom) {
        guard !fields.isEmpty else { return fields.append((1 + UInt64(random.below(15)), .varint(random.next64()))) }
        let index = random.below(fields.count)
        if case .bytes(let bytes) = fields[index].value, var inner = ProtobufFields(bytes), random.below(8) != 0 {
            inner.mutate(&random)
            fields[index].value = .bytes(inner.bytes)
            return
        }
        switch random.below(16) {
        case 0: fields.remove(at: index)
        case 1: fields.append(fields[index])
        case 2: fields.swapAt(index, random.below(fields.count))
        case 3: fields[index].number = random.oneIn(4) ? UInt64(random.next32() >> 3) : 1 + UInt64(random.below(16))
        case 4:
            let values: [Value] = [.varint(random.next64()), .fixed64(random.next64()), .bytes([]), .fixed32(random.next32())]
            fields[index].value = random.pick(values)
        default: fields[index].value = Self.other(fields[index].value, &random)
        }
    }

    /// Another value of the same wire type.
    private static func other(_ value: Value, _ random: inout CaseRandom) -> Value {
        switch value {
        case .varint(let number):
            if random.oneIn(3) { return .varint(number &+ UInt64(random.below(3)) &- 1) }
            return .varint(random.oneIn(4) ? random.next64() >> UInt64(random.below(64)) : random.pick(ByteMutator.interestingNumbers))
        case .fixed64:
            let doubles: [Double] = [
                .nan, .infinity, -.infinity, -0.0, -1, 1, 1.0.nextDown, .greatestFiniteMagnitude, .leastNonzeroMagnitude,
            ]
            return .fixed64(random.oneIn(4) ? random.next64() : random.pick(doubles).bitPattern)
        case .fixed32:
            let floats: [Float] = [.nan, .infinity, -.infinity, -0.0, -1, 0, .greatestFiniteMagnitude, .leastNonzeroMagnitude]
            return .fixed32(random.oneIn(4) ? random.next32() : random.pick(floats).bitPattern)
        case .bytes(var bytes):
            if random.oneIn(2) { return .bytes(text(&random)) }
            texts.mutate(&bytes, partner: [], &random)
            return .bytes(bytes)
        }
    }

    /// Text that a log or a terminal would not take well, of any length up to a header's and beyond.
    private static func text(_ random: inout CaseRandom) -> [UInt8] {
        var text: [UInt8] = []
        let length = random.length(upTo: 5000)
        repeat { text += random.pick(texts.dictionary) } while text.count < length
        return text
    }

    private static let texts = ByteMutator(dictionary: hostileTexts)
}

/// Line ends, escape sequences, marks that combine without end, characters beyond the first plane, and what is not UTF-8.
let hostileTexts: [[UInt8]] =
    [
        "a", "\n", "\r\n", "\t", "\0", "\u{1B}[2J", "\u{7F}", "\u{85}", "\u{2028}", "\u{2029}", "\u{202E}", "\u{FEFF}", "\u{301}",
        "e\u{301}",
        "\u{1F468}\u{200D}\u{1F469}", "\u{10FFFF}", "é",
    ].map { Array($0.utf8) } + [[0xFF], [0xC0, 0x80], [0xED, 0xA0, 0x80], [0xF0, 0x9F]]
