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

    /// Gathers the images of some quanta of a mini-batch.
    ///
    /// - Parameters:
    ///   - batch: the mini-batch, as indices into `set` less `offset`.
    ///   - quanta: those of the piece; nil for all of them.
    ///   - makeFrame: Makes the pixels' frame.
    init(
        _ set: ImageSet, batch: some RandomAccessCollection<Int>, quanta: Range<Int>? = nil, offset: Int = 0,
        makeFrame: (_ byteCount: Int, _ fill: (UnsafeMutableRawBufferPointer) -> Void) -> Frame = { Frame(byteCount: $0, fill: $1) }
    ) {
        batchSize = batch.count
        self.quanta = quanta ?? 0..<Quanta.count(samples: batchSize)
        let samples = Quanta.samples(of: self.quanta, batch: batchSize)
        let images = batch.dropFirst(samples.lowerBound).prefix(samples.count)
        let size = set.height * set.width
        pixels = set.pixels.withUnsafeBytes { source in
            makeFrame(images.count * size) { target in
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
