import Digests

/// Labelled grey images, as they stand in IDX files: the part of a data set for training, or the part for testing.
package struct ImageSet: Sendable, Hashable {
    /// Height of each image in pixels.
    package let height: Int
    /// Width of each image in pixels.
    package let width: Int
    /// The images, one after the other: (image, row, column), 0 black to 255 white.
    package let pixels: [UInt8]
    /// The class of each image.
    package let labels: [UInt8]

    /// Number of images.
    package var count: Int { labels.count }

    /// Puts images and their labels together; `pixels` holds `labels.count · height · width` bytes.
    package init(height: Int, width: Int, pixels: [UInt8], labels: [UInt8]) {
        precondition(
            pixels.count == labels.count * height * width, "\(pixels.count) pixels for \(labels.count) images of \(height)x\(width)")
        self.height = height
        self.width = width
        self.pixels = pixels
        self.labels = labels
    }
}

/// How many images somebody needs, the first ones of each part of a data set.
package struct ImageCounts: Sendable, Hashable {
    package let train: Int
    package let test: Int

    package init(train: Int, test: Int) {
        self.train = train
        self.test = test
    }

    /// All that there are.
    package static let all = ImageCounts(train: .max, test: .max)
}

/// A data set, or the beginning of one: images for training and validation, and images for testing.
package struct Dataset: Sendable {
    /// What the results call it, such as `mnist` or `synthetic digits`.
    package let name: String
    /// SHA-256 over training pixels, training labels, test pixels, test labels, in hexadecimal; of the images that are here.
    package let sha256: String
    /// Images for training and validation.
    package let train: ImageSet
    /// Images for testing.
    package let test: ImageSet
    /// Number of classes: one more than the largest label, those of images that are not here among them.
    package let classes: Int
}

extension Dataset {
    /// The same images under another name.
    package func named(_ name: String) -> Dataset { Dataset(name: name, sha256: sha256, train: train, test: test, classes: classes) }

    /// Puts a data set together, and works out its digest and its number of classes from what it holds.
    package init(name: String, train: ImageSet, test: ImageSet) {
        let largestLabel = max(train.labels.max() ?? 0, test.labels.max() ?? 0)
        self.init(name: name, train: train, test: test, classes: Int(largestLabel) + 1)
    }

    /// Puts a data set together whose number of classes is known, and works out its digest.
    init(name: String, train: ImageSet, test: ImageSet, classes: Int) {
        var digest = SHA256()
        for part in [train.pixels, train.labels, test.pixels, test.labels] {
            digest.update(part)
        }
        self.init(name: name, sha256: digest.finalize().hexString, train: train, test: test, classes: classes)
    }
}
