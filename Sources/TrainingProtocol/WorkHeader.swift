import CNNCore

/// What WORK's header says, in the order of the fields' numbers.
struct WorkHeader: SimpleHeader {
    static let field: UInt8 = 8

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
        model = Model(work.model)
        (seed, step, batchSize) = (work.seed, UInt32(clamping: work.step), UInt32(clamping: work.batchSize))
        (firstQuantum, quantumCount) = (UInt32(clamping: work.quanta.lowerBound), UInt32(clamping: work.quanta.count))
        (mean, standardDeviation) = (work.normalization.mean, work.normalization.standardDeviation)
        (parameters, parametersAttached) = (work.parametersID, work.parameters != nil)
    }

    init(_ work: WireWork) {
        (run, piece, job, kind) = (work.run, work.piece, work.job, work.kind)
        model = Model(work.model)
        (seed, step, batchSize) = (work.seed, work.step, work.batchSize)
        (firstQuantum, quantumCount) = (work.firstQuantum, work.quantumCount)
        (mean, standardDeviation) = (work.mean, work.standardDeviation)
        (parameters, parametersAttached) = (work.parameters, work.parametersAttached)
    }

    init?(_ fields: inout SimpleFieldsReader) {
        (run, piece, job) = (fields.fixed64(1), fields.varint(2), fields.varint32(3))
        guard let kind = WireKind(rawValue: Int(fields.varint32(4))), var ofModel = fields.message(5) else { return nil }
        (self.kind, model) = (kind, Model(&ofModel))
        guard ofModel.isComplete else { return nil }
        (seed, step, batchSize) = (fields.varint(6), fields.varint32(7), fields.varint32(8))
        (firstQuantum, quantumCount) = (fields.varint32(9), fields.varint32(10))
        (mean, standardDeviation) = (Float(bitPattern: fields.fixed32(11)), Float(bitPattern: fields.fixed32(12)))
        (parameters, parametersAttached) = (fields.varint(13), fields.varint(14) != 0)
    }

    var fields: SimpleFieldsWriter {
        var fields = SimpleFieldsWriter()
        fields.fixed64(1, run)
        fields.varint(2, piece)
        fields.varint(3, UInt64(job))
        fields.varint(4, UInt64(kind.rawValue))
        fields.message(5, model.fields)
        fields.varint(6, seed)
        fields.varint(7, UInt64(step))
        fields.varint(8, UInt64(batchSize))
        fields.varint(9, UInt64(firstQuantum))
        fields.varint(10, UInt64(quantumCount))
        fields.fixed32(11, mean.bitPattern)
        fields.fixed32(12, standardDeviation.bitPattern)
        fields.varint(13, parameters)
        fields.varint(14, parametersAttached ? 1 : 0)
        return fields
    }
}

extension WorkHeader {
    /// The network, a message within the header.
    struct Model {
        let firstChannels, secondChannels, kernelSize, classes, height, width: UInt32
        let dropout: Double

        fileprivate init(_ model: SmallCNN) {
            (firstChannels, secondChannels) = (UInt32(clamping: model.firstChannels), UInt32(clamping: model.secondChannels))
            (kernelSize, classes) = (UInt32(clamping: model.kernelSize), UInt32(clamping: model.classes))
            (height, width, dropout) = (UInt32(clamping: model.height), UInt32(clamping: model.width), model.dropout)
        }

        fileprivate init(_ model: WireModel) {
            (firstChannels, secondChannels, kernelSize) = (model.firstChannels, model.secondChannels, model.kernelSize)
            (classes, height, width, dropout) = (model.classes, model.height, model.width, model.dropout)
        }

        fileprivate init(_ fields: inout SimpleFieldsReader) {
            (firstChannels, secondChannels, kernelSize) = (fields.varint32(1), fields.varint32(2), fields.varint32(3))
            (classes, height, width) = (fields.varint32(4), fields.varint32(5), fields.varint32(6))
            dropout = Double(bitPattern: fields.fixed64(7))
        }

        fileprivate var fields: SimpleFieldsWriter {
            var fields = SimpleFieldsWriter()
            fields.varint(1, UInt64(firstChannels))
            fields.varint(2, UInt64(secondChannels))
            fields.varint(3, UInt64(kernelSize))
            fields.varint(4, UInt64(classes))
            fields.varint(5, UInt64(height))
            fields.varint(6, UInt64(width))
            fields.fixed64(7, dropout.bitPattern)
            return fields
        }
    }
}
