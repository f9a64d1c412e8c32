package import Datasets
import RandomStreams

extension Dataset {
    /// A data set of small images in 3 classes that a network can tell apart: 6x6, drawn from a fixed seed.
    package static func patterns(train: Int, test: Int) -> Dataset {
        var generator = MersenneTwister(seed: 7)
        func set(_ count: Int) -> ImageSet {
            let labels = (0..<count).map { _ in UInt8(generator.next32() % 3) }
            let pixels = labels.flatMap { label in
                (0..<36).map { UInt8(truncatingIfNeeded: $0 * 3 + UInt32(label) * 60 + generator.next32() % 90) }
            }
            return ImageSet(height: 6, width: 6, pixels: pixels, labels: labels)
        }
        return Dataset(name: "test patterns", train: set(train), test: set(test))
    }
}
