/// Handwriting-like digits that the program draws itself, from strokes: a stand-in for MNIST where no file is at hand.
///
/// Images are 28x28 in MNIST's manner: antialiased, scaled into 20x20, centred by their centre of mass. A network trained on them reads real
/// handwriting. They are a pure function of the seed: the same bytes on every machine, in debug and in release builds.
package enum SyntheticDigits {
    /// What results call the data. Its number rises with every change to the bytes drawn.
    package static let name = "synthetic digits 1"

    /// The part of the data set an image belongs to.
    package enum Split: UInt32, Sendable {
        case train = 0
        case test = 1
    }

    /// Draws a data set, each label as likely as the others, in random order.
    ///
    /// The first images do not depend on the counts: a smaller data set is the beginning of a larger one.
    package static func dataset(seed: UInt64 = 0, trainCount: Int = 12_000, testCount: Int = 2_000) -> Dataset {
        // There are ten digits even where a handful of images misses some.
        Dataset(
            name: name, train: images(seed: seed, split: .train, count: trainCount),
            test: images(seed: seed, split: .test, count: testCount), classes: DigitGlyph.all.count)
    }

    /// Draws image `index` of a split alone: 28x28 pixels (row, column), 0 black to 255 white, and the digit it shows.
    package static func image(seed: UInt64 = 0, split: Split, index: UInt32) -> (pixels: [UInt8], label: UInt8) {
        var pen = DigitPen()
        var pixels: [UInt8] = []
        let label = draw(seed: seed, split: split, index: index, with: &pen, appendingTo: &pixels)
        return (pixels, label)
    }

    private static func images(seed: UInt64, split: Split, count: Int) -> ImageSet {
        var pen = DigitPen()
        var pixels: [UInt8] = []
        var labels: [UInt8] = []
        pixels.reserveCapacity(count * DigitPen.imageSize)
        labels.reserveCapacity(count)
        for index in 0..<UInt32(count) {
            labels.append(draw(seed: seed, split: split, index: index, with: &pen, appendingTo: &pixels))
        }
        return ImageSet(height: DigitPen.imageSide, width: DigitPen.imageSide, pixels: pixels, labels: labels)
    }

    private static func draw(
        seed: UInt64, split: Split, index: UInt32, with pen: inout DigitPen, appendingTo pixels: inout [UInt8]
    ) -> UInt8 {
        var variates = VariateStream(seed: seed, split: split.rawValue, index: index)
        let digit = variates.below(DigitGlyph.all.count)
        pen.draw(DigitGlyph.choose(digit: digit, at: variates.uniform()), variates: &variates, appendingTo: &pixels)
        return UInt8(digit)
    }
}
