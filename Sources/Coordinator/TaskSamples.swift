import CNNCore
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

    /// The samples of some quanta of a mini-batch.
    ///
    /// - Parameters:
    ///   - images: a data set's images.
    ///   - labels: their labels.
    ///   - batch: the mini-batch, as indices into both less `offset`.
    ///   - quanta: those of the piece; nil for all of them.
    init(images: RowTable, labels: [UInt8], batch: some RandomAccessCollection<Int>, quanta: Range<Int>? = nil, offset: Int = 0) {
        batchSize = batch.count
        self.quanta = quanta ?? 0..<Quanta.count(samples: batchSize)
        let samples = Quanta.samples(of: self.quanta, batch: batchSize)
        let numbers = batch.dropFirst(samples.lowerBound).prefix(samples.count).map { UInt32(offset + $0) }
        pixels = Frame(TableRows(of: images, numbers: numbers))
        self.labels = labels.withUnsafeBufferPointer { labels in
            Frame(byteCount: numbers.count) { target in
                for (place, number) in numbers.enumerated() { target[place] = labels[Int(number)] }
            }
        }
    }
}
