/// What a header says that is written and read without the library, byte for byte as the library has it.
protocol SimpleHeader {
    /// The message's number in the envelope.
    static var field: UInt8 { get }

    /// Reads the message's fields; nil for some that the library must read.
    init?(_ fields: inout SimpleFieldsReader)

    /// The message's fields.
    var fields: SimpleFieldsWriter { get }
}

extension SimpleHeader {
    /// Reads a header; nil for another one, or one that the library must read.
    init?(_ header: Frame) {
        let read = header.withUnsafeBytes { bytes -> Self? in
            var envelope = SimpleFieldsReader(bytes)
            guard bytes.count <= TrainingProtocol.longestHeader, envelope.varint(1) == UInt64(TrainingProtocol.version),
                var fields = envelope.message(Self.field), envelope.isComplete, let read = Self(&fields), fields.isComplete
            else { return nil }
            return read
        }
        guard let read else { return nil }
        self = read
    }

    /// The header.
    var frame: Frame {
        var envelope = SimpleFieldsWriter()
        envelope.varint(1, UInt64(TrainingProtocol.version))
        envelope.message(Self.field, fields)
        return Frame(bytes: envelope.bytes)
    }
}
