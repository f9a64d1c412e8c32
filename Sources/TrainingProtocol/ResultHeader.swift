/// What RESULT's header says, in the order of the fields' numbers.
struct ResultHeader: SimpleHeader {
    static let field: UInt8 = 3

    let run, piece: UInt64
    let job, step, firstQuantum, quantumCount: UInt32
    let parameters: UInt64
    let lossSum: Double
    let correct: UInt32

    init(_ result: PieceResult) {
        (run, piece, parameters, lossSum) = (result.run, result.piece, result.parameters, result.lossSum)
        (job, step) = (UInt32(clamping: result.job), UInt32(clamping: result.step))
        (firstQuantum, quantumCount) = (UInt32(clamping: result.quanta.lowerBound), UInt32(clamping: result.quanta.count))
        correct = UInt32(clamping: result.correct)
    }

    init(_ result: WireResult) {
        (run, piece, parameters, lossSum) = (result.run, result.piece, result.parameters, result.lossSum)
        (job, step, firstQuantum, quantumCount) = (result.job, result.step, result.firstQuantum, result.quantumCount)
        correct = result.correct
    }

    init(_ fields: inout SimpleFieldsReader) {
        (run, piece) = (fields.fixed64(1), fields.varint(2))
        (job, step, firstQuantum, quantumCount) = (fields.varint32(3), fields.varint32(4), fields.varint32(5), fields.varint32(6))
        (parameters, lossSum, correct) = (fields.varint(7), Double(bitPattern: fields.fixed64(8)), fields.varint32(9))
    }

    var fields: SimpleFieldsWriter {
        var fields = SimpleFieldsWriter()
        fields.fixed64(1, run)
        fields.varint(2, piece)
        fields.varint(3, UInt64(job))
        fields.varint(4, UInt64(step))
        fields.varint(5, UInt64(firstQuantum))
        fields.varint(6, UInt64(quantumCount))
        fields.varint(7, parameters)
        fields.fixed64(8, lossSum.bitPattern)
        fields.varint(9, UInt64(correct))
        return fields
    }
}
