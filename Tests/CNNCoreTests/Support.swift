import CNNCore
import RandomStreams
import Testing

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// The instruction sets that this processor has, the scalar reference among them.
let supportedInstructionSets = InstructionSet.allCases.filter(\.isSupported)

/// The sizes of a network that a test builds.
struct Shape: Sendable, CustomTestStringConvertible {
    var c1 = 8
    var c2 = 16
    var k = 3
    var classes = 10
    var height = 28
    var width = 28
    var dropout = 0.0

    func model() throws(ModelError) -> SmallCNN {
        try SmallCNN(
            firstChannels: c1, secondChannels: c2, kernelSize: k, classes: classes, height: height, width: width, dropout: dropout)
    }

    var testDescription: String { "c1=\(c1) c2=\(c2) k=\(k) classes=\(classes) \(height)x\(width) dropout=\(dropout)" }

    /// The study's networks; the one on less data is the baseline's.
    static let study = [Shape(), Shape(c1: 16, c2: 32), Shape(k: 5), Shape(dropout: 0.2)]
}

/// A mini-batch of random images and labels, with what else a gradient depends on.
struct Batch: Sendable {
    let pixels: [UInt8]
    let labels: [UInt8]
    var seed: UInt64 = 0x0123_4567_89AB_CDEF
    var step: UInt32 = 3
    var normalization = Normalization.mnist

    /// Images of noise in a box of random size, and black around it, as digits have it. With `everywhere` the box is the whole image.
    init(_ model: SmallCNN, samples: Int, seed: UInt64 = 1, everywhere: Bool = false) {
        var generator = MersenneTwister(seed: seed)
        func below(_ limit: Int) -> Int { Int(generator.next32() % UInt32(limit)) }
        var pixels: [UInt8] = []
        for _ in 0..<samples {
            let top = everywhere ? 0 : below(model.height)
            let left = everywhere ? 0 : below(model.width)
            for y in 0..<model.height {
                for x in 0..<model.width { pixels.append(y >= top && x >= left ? UInt8(below(256)) : 0) }
            }
        }
        self.init(pixels: pixels, labels: (0..<samples).map { _ in UInt8(below(model.classes)) })
    }

    init(pixels: [UInt8], labels: [UInt8]) {
        self.pixels = pixels
        self.labels = labels
    }

    /// Number of its quanta.
    var quanta: Int { Quanta.count(samples: labels.count) }

    /// The shard of some quanta, all of them if none are named.
    func withShard<Result>(_ quanta: Range<Int>?, _ body: (Shard) -> Result) -> Result {
        let quanta = quanta ?? 0..<self.quanta
        let samples = Quanta.samples(of: quanta, batch: labels.count)
        let imageSize = labels.isEmpty ? 0 : pixels.count / labels.count
        return pixels.withUnsafeBytes { pixels in
            labels.withUnsafeBytes { labels in
                body(
                    Shard(
                        seed: seed, step: step, firstQuantum: quanta.lowerBound,
                        pixels: UnsafeRawBufferPointer(rebasing: pixels[samples.lowerBound * imageSize..<samples.upperBound * imageSize]),
                        labels: UnsafeRawBufferPointer(rebasing: labels[samples]), normalization: normalization))
            }
        }
    }
}

extension SmallCNN {
    /// Initial parameters from a seed.
    func parameters(seed: UInt64 = 7) -> [Float] {
        var generator = MersenneTwister(seed: seed)
        return initialParameters(from: &generator)
    }
}

extension GradientEngine {
    convenience init(_ model: SmallCNN, _ instructionSet: InstructionSet? = nil, parameters: [Float]) throws {
        try self.init(model: model, instructionSet: instructionSet ?? .best())
        load(parameters)
    }

    /// Takes parameters in the order of `SmallCNN.tensors`.
    func load(_ parameters: [Float]) { model.channelsLast(parameters).withUnsafeBufferPointer { load(parameters: $0) } }

    /// The sum over some quanta of a mini-batch, all of them if none are named, in the order of `SmallCNN.tensors`. What was in the target before must not show: it is full of NaNs.
    func sum(over quanta: Range<Int>? = nil, of batch: Batch, betweenQuanta: () -> Void = {}) -> GradientSum {
        var gradient = [Float](repeating: .nan, count: model.parameterCount)
        let statistics = gradient.withUnsafeMutableBufferPointer { gradient in
            batch.withShard(quanta) { self.gradient(of: $0, into: gradient, betweenQuanta: betweenQuanta) }
        }
        return GradientSum(gradient: FloatVector(model.channelsFirst(gradient)), lossSum: statistics.lossSum, correct: statistics.correct)
    }

    /// Predictions and statistics of some quanta of a mini-batch, all of them if none are named.
    func evaluation(
        of quanta: Range<Int>? = nil, in batch: Batch, betweenQuanta: () -> Void = {}
    ) -> (statistics: ShardStatistics, predictions: [UInt32]) {
        batch.withShard(quanta) { shard in
            var predictions = [UInt32](repeating: .max, count: shard.labels.count)
            let statistics = predictions.withUnsafeMutableBufferPointer {
                evaluate(shard, predictions: $0, betweenQuanta: betweenQuanta)
            }
            return (statistics, predictions)
        }
    }
}

/// Where two vectors differ first in a bit; nil where nowhere. Vectors of different lengths differ at the end of the shorter one.
func firstDifference(_ a: [Float], _ b: [Float]) -> Int? {
    if a.count == b.count, memcmp(a, b, a.count * MemoryLayout<Float>.stride) == 0 { return nil }
    return zip(a, b).enumerated().first { $1.0.bitPattern != $1.1.bitPattern }?.offset ?? min(a.count, b.count)
}

/// Expects two sums to have the same bits.
func expectSameBits(_ a: GradientSum, _ b: GradientSum, _ comment: Comment? = nil, sourceLocation: SourceLocation = #_sourceLocation) {
    #expect(firstDifference(a.gradient.array, b.gradient.array) == nil, comment, sourceLocation: sourceLocation)
    #expect(a.lossSum.bitPattern == b.lossSum.bitPattern, comment, sourceLocation: sourceLocation)
    #expect(a.correct == b.correct, comment, sourceLocation: sourceLocation)
}

/// The sum of two nodes, number by number.
func plainSum(_ a: GradientSum, _ b: GradientSum) -> GradientSum {
    GradientSum(
        gradient: FloatVector(zip(a.gradient.array, b.gradient.array).map { $0 + $1 }), lossSum: a.lossSum + b.lossSum,
        correct: a.correct + b.correct)
}

extension TreeSum.Total {
    /// With the last addition done.
    var completed: GradientSum {
        guard let addend else { return sum }
        return plainSum(sum, GradientSum(gradient: addend, lossSum: 0, correct: 0))
    }
}

extension Adam {
    /// A step for parameters and gradients in arrays.
    func step(parameters: inout [Float], gradientSum: [Float], sampleCount: Int) throws {
        try parameters.withUnsafeMutableBufferPointer { parameters in
            try gradientSum.withUnsafeBufferPointer { try step(parameters: parameters, gradientSum: $0, sampleCount: sampleCount) }
        }
    }
}

/// The canonical tree, written down once more and plainly.
enum PlainTree {
    /// Where the node of `range` is cut.
    static func middle(_ range: Range<Int>) -> Int {
        var left = 1
        while left * 2 < range.count { left *= 2 }
        return range.lowerBound + left
    }

    /// All nodes of the tree over `range`.
    static func nodes(_ range: Range<Int>) -> Set<Range<Int>> {
        guard range.count > 1 else { return [range] }
        let middle = middle(range)
        return nodes(range.lowerBound..<middle).union(nodes(middle..<range.upperBound)).union([range])
    }

    /// Joins the leaves' values from the bottom up.
    static func fold<Value>(_ range: Range<Int>, leaf: (Int) -> Value, join: (Value, Value) -> Value) -> Value {
        guard range.count > 1 else { return leaf(range.lowerBound) }
        let middle = middle(range)
        return join(
            fold(range.lowerBound..<middle, leaf: leaf, join: join), fold(middle..<range.upperBound, leaf: leaf, join: join))
    }

    /// A cut of `range` into nodes, at random: each is cut on with a probability of 2/3.
    static func randomCut(_ range: Range<Int>, _ generator: inout MersenneTwister) -> [Range<Int>] {
        guard range.count > 1, generator.next32() % 3 > 0 else { return [range] }
        let middle = middle(range)
        return randomCut(range.lowerBound..<middle, &generator) + randomCut(middle..<range.upperBound, &generator)
    }
}

extension MersenneTwister {
    mutating func shuffled<Element>(_ elements: [Element]) -> [Element] { permutation(count: elements.count).map { elements[$0] } }
}
