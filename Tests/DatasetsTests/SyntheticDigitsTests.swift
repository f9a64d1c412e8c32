import Datasets
import Testing

@Suite struct SyntheticDigitsTests {
    private static let drawn = SyntheticDigits.dataset(trainCount: 500, testCount: 100)

    /// The pixels of training image `index`, as shares of white.
    private static func greys(_ index: Int) -> [Double] {
        drawn.train.pixels[(index * 784)..<((index + 1) * 784)].map { Double($0) / 255 }
    }

    @Test func bytesOfAVersionNeverChange() {
        #expect(Self.drawn.name == "synthetic digits 1")
        #expect(Self.drawn.sha256 == "921fe6b496b0f0efb1bb5496512766f284e73c7e4a4bae0d17eb95d6cf11e54a")
    }

    @Test func anImageDrawnAloneIsTheOneOfTheDataset() {
        for index in [0, 1, 77, 499] {
            let alone = SyntheticDigits.image(split: .train, index: UInt32(index))
            #expect(alone.pixels == Array(Self.drawn.train.pixels[(index * 784)..<((index + 1) * 784)]))
            #expect(alone.label == Self.drawn.train.labels[index])
        }
        let alone = SyntheticDigits.image(split: .test, index: 99)
        #expect(alone.pixels == Array(Self.drawn.test.pixels.suffix(784)))
        #expect(alone.label == Self.drawn.test.labels[99])
    }

    @Test func aSmallerDatasetIsTheBeginningOfALargerOne() {
        let smaller = SyntheticDigits.dataset(trainCount: 30, testCount: 20)
        #expect(smaller.train.pixels[...] == Self.drawn.train.pixels.prefix(30 * 784))
        #expect(smaller.train.labels[...] == Self.drawn.train.labels.prefix(30))
        #expect(smaller.test.pixels[...] == Self.drawn.test.pixels.prefix(20 * 784))
        #expect(smaller.test.labels[...] == Self.drawn.test.labels.prefix(20))
    }

    @Test(arguments: [1, 1 << 32, UInt64.max])
    func seedsAndSplitsDrawDifferentImages(seed: UInt64) {
        let other = SyntheticDigits.dataset(seed: seed, trainCount: 20, testCount: 20)
        #expect(other.train.pixels[...] != Self.drawn.train.pixels.prefix(20 * 784))
        #expect(other.train.pixels != other.test.pixels)
        #expect(other.train.labels != other.test.labels)
    }

    @Test func sizesAndClasses() {
        #expect((Self.drawn.train.count, Self.drawn.test.count) == (500, 100))
        #expect((Self.drawn.train.height, Self.drawn.train.width) == (28, 28))
        let single = SyntheticDigits.dataset(trainCount: 1, testCount: 0)
        #expect((single.train.count, single.test.count, single.classes) == (1, 0, 10))
    }

    @Test func labelsAreBalancedAndInRandomOrder() {
        let labels = Self.drawn.train.labels
        let counts = (0..<10).map { digit in labels.count { $0 == digit } }
        // 50 of each are expected, with a standard deviation of 6.7.
        #expect(counts.allSatisfy { (30...70).contains($0) }, "\(counts)")
        // A label equals the one before it with probability 1/10.
        let repeats = zip(labels, labels.dropFirst()).count { $0 == $1 }
        #expect((25...75).contains(repeats))
    }

    @Test func digitsAreCentredByMassAndFitTheBox() {
        for index in 0..<Self.drawn.train.count {
            let greys = Self.greys(index)
            let mass = greys.reduce(0, +)
            let row = greys.indices.reduce(0) { $0 + greys[$1] * Double($1 / 28) } / mass
            let column = greys.indices.reduce(0) { $0 + greys[$1] * Double($1 % 28) } / mass
            #expect(abs(row - 14) <= 0.5 && abs(column - 14) <= 0.5, "image \(index): (\(row), \(column))")

            let inked = greys.indices.filter { greys[$0] > 0 }
            let rows = inked.map { $0 / 28 }
            let columns = inked.map { $0 % 28 }
            let height = (rows.max() ?? 0) - (rows.min() ?? 0) + 1
            let width = (columns.max() ?? 0) - (columns.min() ?? 0) + 1
            // The longer side fills the 20 pixels but for the faintest grey.
            #expect((18...20).contains(max(height, width)), "image \(index): \(height)x\(width)")
        }
    }

    /// MNIST's first 10,000 training images for comparison: mean 0.131, standard deviation 0.309, 81 % black, 5.6 % white (252 and more),
    /// mean of the ones 0.078, of the zeros 0.177.
    @Test func inkIsMuchLikeMNISTs() {
        let greys = Self.drawn.train.pixels.map { Double($0) / 255 }
        let count = Double(greys.count)
        let mean = greys.reduce(0, +) / count
        let deviation = (greys.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / count).squareRoot()
        #expect((0.12...0.145).contains(mean), "\(mean)")
        #expect((0.29...0.33).contains(deviation), "\(deviation)")

        let black = Double(Self.drawn.train.pixels.count { $0 == 0 }) / count
        let white = Double(Self.drawn.train.pixels.count { $0 >= 252 }) / count
        #expect((0.77...0.83).contains(black), "\(black)")
        #expect((0.05...0.085).contains(white), "\(white)")

        // Even the thinnest stroke is nearly white somewhere.
        let brightest = (0..<Self.drawn.train.count).map { Self.greys($0).max() ?? 0 }
        #expect(brightest.allSatisfy { $0 >= 0.85 })

        let inkByDigit = (0..<10).map { digit in
            let images = Self.drawn.train.labels.indices.filter { Self.drawn.train.labels[$0] == digit }
            return images.reduce(0) { $0 + Self.greys($1).reduce(0, +) / 784 } / Double(max(1, images.count))
        }
        #expect((0.055...0.095).contains(inkByDigit[1]), "\(inkByDigit)")
        #expect((0.13...0.19).contains(inkByDigit[0]), "\(inkByDigit)")
        #expect(inkByDigit.min() == inkByDigit[1], "\(inkByDigit)")
    }
}
