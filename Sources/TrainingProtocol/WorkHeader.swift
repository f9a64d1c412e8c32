import CNNCore

/// What WORK's header says, in the order of the fields' numbers.
struct WorkHeader {
    private static let field: UInt8 = 8

    struct Model {
        let firstChannels, secondChannels, kernelSize, classes, height, width: UInt32
        let dropout: Double
    }

    let run, piece: UInt64
    let job: UInt32
    let kind: WireKind
    let model: Model
    let seed: UInt64
    let step, batchSize, firstQuantum, quantumCount: UInt32
    let mean, standardDeviation: Float
    let parameters: UInt64
    let parametersAttached: Bool

    init(_ work: PieceOfWork) {
        (run, piece, job, kind) = (work.run, work.piece, UInt32(clamping: work.job), work.kind == .train ? .train : .evaluate)
        let model = work.model
        self.model = Model(
            firstChannels: UInt32(clamping: model.firstChannels), secondChannels: UInt32(clamping: model.secondChannels),
            kernelSize: UInt32(clamping: model.kernelSize), classes: UInt32(clamping: model.classes),
            height: UInt32(clamping: model.height), width: UInt32(clamping: model.width), dropout: model.dropout)
        (seed, step, batchSize) = (work.seed, UInt32(clamping: work.step), UInt32(clamping: work.batchSize))
        (firstQuantum, quantumCount) = (UInt32(clamping: work.quanta.lowerBound), UInt32(clamping: work.quanta.count))
        (mean, standardDeviation) = (work.normalization.mean, work.normalization.standardDeviation)
        (parameters, parametersAttached) = (work.parametersID, work.parameters != nil)
    }

    init(_ work: WireWork) {
        (run, piece, job, kind) = (work.run, work.piece, work.job, work.kind)
        let model = work.model
        self.model = Model(
            firstChannels: model.firstChannels, secondChannels: model.secondChannels, kernelSize: model.kernelSize,
            classes: model.classes, height: model.height, width: model.width, dropout: model.dropout)
        (seed, step, batchSize) = (work.seed, work.step, work.batchSize)
        (firstQuantum, quantumCount) = (work.firstQuantum, work.quantumCount)
        (mean, standardDeviation) = (work.mean, work.standardDeviation)
        (parameters, parametersAttached) = (work.parameters, work.parametersAttached)
    }

    /// Reads a header; nil for another one, or one that the library must read.
    init?(_ header: Frame) {
        let read = Header.read(header, Self.field) { Self(&$0) }
        guard let read else { return nil }
        self = read
    }

    private init?(_ fields: inout SimpleFieldsReader) {
        (run, piece, job) = (fields.fixed64(1), fields.varint(2), fields.varint32(3))
        guard let kind = WireKind(rawValue: Int(fields.varint32(4))), var model = fields.message(5) else { return nil }
        self.kind = kind
        self.model = Model(
            firstChannels: model.varint32(1), secondChannels: model.varint32(2), kernelSize: model.varint32(3), classes: model.varint32(4),
            height: model.varint32(5), width: model.varint32(6), dropout: Double(bitPattern: model.fixed64(7)))
        guard model.isComplete else { return nil }
        (seed, step, batchSize) = (fields.varint(6), fields.varint32(7), fields.varint32(8))
        (firstQuantum, quantumCount) = (fields.varint32(9), fields.varint32(10))
        (mean, standardDeviation) = (Float(bitPattern: fields.fixed32(11)), Float(bitPattern: fields.fixed32(12)))
        (parameters, parametersAttached) = (fields.varint(13), fields.varint(14) != 0)
    }

    var frame: Frame {
        var fields = SimpleFieldsWriter()
        fields.fixed64(1, run)
        fields.varint(2, piece)
        fields.varint(3, UInt64(job))
        fields.varint(4, UInt64(kind.rawValue))
        var model = SimpleFieldsWriter()
        model.varint(1, UInt64(self.model.firstChannels))
        model.varint(2, UInt64(self.model.secondChannels))
        model.varint(3, UInt64(self.model.kernelSize))
        model.varint(4, UInt64(self.model.classes))
        model.varint(5, UInt64(self.model.height))
        model.varint(6, UInt64(self.model.width))
        model.fixed64(7, self.model.dropout.bitPattern)
        fields.message(5, model)
        fields.varint(6, seed)
        fields.varint(7, UInt64(step))
        fields.varint(8, UInt64(batchSize))
        fields.varint(9, UInt64(firstQuantum))
        fields.varint(10, UInt64(quantumCount))
        fields.fixed32(11, mean.bitPattern)
        fields.fixed32(12, standardDeviation.bitPattern)
        fields.varint(13, parameters)
        fields.varint(14, parametersAttached ? 1 : 0)
        return Header.frame(Self.field, fields)
    }
}
