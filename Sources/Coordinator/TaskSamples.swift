import CNNCore
import Datasets
import TrainingProtocol

/// The images and labels of a piece of work, as they are sent.
struct TaskSamples {
    /// (sample, row, column) uint8.
    let pixels: Frame
    /// uint8.
    let labels: Frame
    /// Samples of the mini-batch that the piece is a part of.
    let batchSize: Int
    /// The piece's quanta within it.
    let quanta: Range<Int>

    /// Gathers the images of a set whose indices are `offset` plus the elements of `images`, a whole mini-batch.
    init(_ set: ImageSet, images: some RandomAccessCollection<Int>, offset: Int) {
        let size = set.height * set.width
        pixels = set.pixels.withUnsafeBytes { source in
            Frame(byteCount: images.count * size) { target in
                var place = 0
                for image in images {
                    let start = (offset + image) * size
                    UnsafeMutableRawBufferPointer(rebasing: target[place..<place + size])
                        .copyMemory(from: UnsafeRawBufferPointer(rebasing: source[start..<start + size]))
                    place += size
                }
            }
        }
        labels = set.labels.withUnsafeBufferPointer { source in
            Frame(byteCount: images.count) { target in
                for (place, image) in images.enumerated() { target[place] = source[offset + image] }
            }
        }
        batchSize = images.count
        quanta = 0..<Quanta.count(samples: images.count)
    }

    private init(pixels: Frame, labels: Frame, batchSize: Int, quanta: Range<Int>) {
        self.pixels = pixels
        self.labels = labels
        self.batchSize = batchSize
        self.quanta = quanta
    }

    /// Some quanta of a whole mini-batch; nothing is copied.
    func part(quanta: Range<Int>) -> TaskSamples {
        let samples = Quanta.samples(of: quanta, batch: batchSize)
        let size = pixels.count / max(1, batchSize)
        return TaskSamples(
            pixels: pixels.part(samples.lowerBound * size..<samples.upperBound * size), labels: labels.part(samples), batchSize: batchSize,
            quanta: quanta)
    }
}
