import CNNCore
import Testing
import TrainingProtocol
import Worker

struct PieceComputerTests {
    private func piece(model: SmallCNN, kind: PieceKind, parameters: [Float], id: UInt64, quanta: Range<Int> = 0..<3) -> PieceOfWork {
        let samples = Quanta.samples(of: quanta, batch: 20)
        let size = model.height * model.width
        return PieceOfWork(
            run: 1, piece: 1, job: 0, kind: kind, model: model, seed: 3, step: 4, batchSize: 20, quanta: quanta, normalization: .mnist,
            parametersID: id, parameters: Frame(floats: parameters),
            pixels: Frame(bytes: samples.flatMap { sample in (0..<size).map { UInt8(truncatingIfNeeded: sample * 37 + $0 * 11) } }),
            labels: Frame(bytes: samples.map { UInt8($0 % model.classes) }))
    }

    @Test("Parts of a mini-batch add up to the whole, to the bit, with dropout too")
    func partsAddUp() throws {
        let instructionSet = try InstructionSet.best()
        let model = try SmallCNN(firstChannels: 3, secondChannels: 2, classes: 4, height: 6, width: 8, dropout: 0.3)
        let parameters = (0..<model.parameterCount).map { Float($0 % 13 - 6) / 20 }
        let computer = PieceComputer(instructionSet: instructionSet)
        var counts: [Int] = []
        let whole = computer.compute(piece(model: model, kind: .train, parameters: parameters, id: 1)) { counts.append($0) }
        #expect(counts == [1, 2, 3])
        var sum = TreeSum(count: 3, instructionSet: instructionSet)
        for quanta in CanonicalTree.subtrees(count: 3, parts: 2).reversed() {
            let part = computer.compute(piece(model: model, kind: .train, parameters: parameters, id: 1, quanta: quanta)) { _ in }
            #expect(part.quanta == quanta)
            sum.add(GradientSum(gradient: part.values.vector(), lossSum: part.lossSum, correct: part.correct), for: quanta)
        }
        let root = sum.take()
        let total = try #require(root)
        let gradient = zip(total.sum.gradient.array, try #require(total.addend).array).map { $0 + $1 }
        let isSame = gradient.map(\.bitPattern) == whole.values.floats().map(\.bitPattern)
        #expect(isSame)
        #expect(total.sum.lossSum == whole.lossSum)
        #expect(total.sum.correct == whole.correct)
    }

    @Test("Models and parameters may change from piece to piece")
    func alternation() throws {
        let instructionSet = try InstructionSet.best()
        let computer = PieceComputer(instructionSet: instructionSet)
        let models = try (1...10).map { try SmallCNN(firstChannels: $0, secondChannels: 2, classes: 4, height: 4, width: 4) }
        func result(_ model: SmallCNN, _ scale: Float, id: UInt64, by computer: PieceComputer) -> [UInt32] {
            let parameters = (0..<model.parameterCount).map { scale * Float($0 % 7 - 3) / 10 }
            let kind: PieceKind = id % 2 == 0 ? .train : .evaluate
            return computer.compute(piece(model: model, kind: kind, parameters: parameters, id: id)) { _ in }.values.unsignedIntegers()
        }
        for round in 0..<3 {
            for (index, model) in models.enumerated() {
                let id = UInt64(round * 10 + index)
                let expected = result(model, Float(round + 1), id: id, by: PieceComputer(instructionSet: instructionSet))
                #expect(result(model, Float(round + 1), id: id, by: computer) == expected)
            }
        }
    }

    @Test("Models that differ in dropout alone take turns, with the same parameters or others")
    func dropoutAlone() throws {
        let instructionSet = try InstructionSet.best()
        let models = try [0, 0.5, 0.2].map {
            try SmallCNN(firstChannels: 3, secondChannels: 2, classes: 4, height: 6, width: 8, dropout: $0)
        }
        let parameters = (0..<models[0].parameterCount).map { Float($0 % 13 - 6) / 20 }
        let other = parameters.map { $0 * 1.5 }
        let computer = PieceComputer(instructionSet: instructionSet)
        var results: Set<[UInt32]> = []
        for (model, numbers) in [(0, parameters), (1, parameters), (0, other), (2, other), (1, other), (2, parameters), (0, parameters)] {
            let piece = piece(model: models[model], kind: .train, parameters: numbers, id: 1)
            let bits = computer.compute(piece) { _ in }.values.unsignedIntegers()
            #expect(bits == PieceComputer(instructionSet: instructionSet).compute(piece) { _ in }.values.unsignedIntegers())
            results.insert(bits)
        }
        #expect(results.count == 6)
    }

    @Test("Parameters that come anew under a known name are computed with")
    func sameName() throws {
        let instructionSet = try InstructionSet.best()
        let model = try SmallCNN(firstChannels: 2, secondChannels: 2, classes: 4, height: 4, width: 4)
        let parameters = (0..<model.parameterCount).map { Float($0 % 7 - 3) / 10 }
        func result(_ parameters: [Float], by computer: PieceComputer) -> [UInt8] {
            computer.compute(piece(model: model, kind: .train, parameters: parameters, id: 1)) { _ in }.values.bytes()
        }
        let computer = PieceComputer(instructionSet: instructionSet)
        let damaged = result(parameters.map { $0 * 2 }, by: computer)
        let sound = result(parameters, by: computer)
        #expect(sound == result(parameters, by: PieceComputer(instructionSet: instructionSet)))
        #expect(sound != damaged)
    }

    @Test("The same parameters are loaded anew for another model that has as many")
    func sameParametersForAnotherModel() throws {
        let instructionSet = try InstructionSet.best()
        let models = try [(4, 8), (8, 4)].map { try SmallCNN(firstChannels: 2, secondChannels: 2, classes: 4, height: $0, width: $1) }
        let parameters = Frame(floats: (0..<models[0].parameterCount).map { Float($0 % 7 - 3) / 10 })
        let computer = PieceComputer(instructionSet: instructionSet)
        for model in models {
            var piece = piece(model: model, kind: .train, parameters: [], id: 1)
            piece.parameters = parameters
            let bytes = computer.compute(piece) { _ in }.values.bytes()
            #expect(bytes == PieceComputer(instructionSet: instructionSet).compute(piece) { _ in }.values.bytes())
        }
    }
}
