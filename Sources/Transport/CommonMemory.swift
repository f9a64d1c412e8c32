import Datasets
package import SharedMemory
package import TrainingProtocol

/// What a coordinator shares with all workers of its machine, which only read it: the data set's images, and blocks by which parameters go to all of them.
package final class CommonMemory {
    /// What stands where: images for training, images for testing, blocks, each from a page's beginning on.
    package struct Layout: Sendable, Hashable {
        /// Bytes of an image.
        package var imageSize: Int
        package var trainImages: Int
        package var testImages: Int
        package var blocks: BlockStore.Geometry

        package init(imageSize: Int, trainImages: Int, testImages: Int, blocks: BlockStore.Geometry) {
            self.imageSize = imageSize
            self.trainImages = trainImages
            self.testImages = testImages
            self.blocks = blocks
        }

        fileprivate var testOffset: Int { wholePages(trainImages * imageSize) }
        fileprivate var blocksOffset: Int { testOffset + wholePages(testImages * imageSize) }
        package var byteCount: Int { blocksOffset + blocks.byteCount }
    }

    package let layout: Layout
    /// The images for training, and those for testing.
    package let tables: [RowTable]
    package let blocks: BlockStore
    private let region: SharedRegion

    package init(_ layout: Layout, in region: SharedRegion) {
        self.layout = layout
        self.region = region
        func table(at offset: Int, count: Int) -> RowTable {
            RowTable(
                owner: region, bytes: UnsafeRawBufferPointer(rebasing: region.bytes[offset..<offset + count * layout.imageSize]),
                rowSize: layout.imageSize)
        }
        tables = [table(at: 0, count: layout.trainImages), table(at: layout.testOffset, count: layout.testImages)]
        blocks = BlockStore(layout.blocks, in: region, at: layout.blocksOffset)
    }

    /// A coordinator's, with a data set's images.
    ///
    /// - Parameters:
    ///   - workers: how many there may be.
    ///   - largestTensor: what a block must have room for, in bytes.
    ///   - share: Called with a file descriptor of the memory; it is closed afterwards.
    /// - Throws: ``SharedMemoryError`` if there is none to be had.
    convenience init(
        of dataset: Dataset, workers: Int, largestTensor: Int, share: (Int32) -> Void
    ) throws(SharedMemoryError) {
        let layout = Layout(
            imageSize: dataset.train.height * dataset.train.width, trainImages: dataset.train.count, testImages: dataset.test.count,
            blocks: BlockStore.Geometry(blockCount: Self.blockCount(workers: workers), roomFor: largestTensor))
        let region = try SharedRegion(
            byteCount: layout.byteCount, contents: [(0, dataset.train.pixels), (layout.testOffset, dataset.test.pixels)], share: share)
        self.init(layout, in: region)
    }

    /// Each worker keeps some parameters; beside these, parameters of some jobs are made before anybody knows who needs them.
    private static func blockCount(workers: Int) -> Int { workers * TrainingProtocol.keptParameters + 2 * blocksForCopies }
    /// Blocks that nothing is made in before it is sent.
    private static let blocksForCopies = 8

    /// A frame that will probably be sent, made in a block if it is large and one is free.
    func draft(byteCount: Int) -> FrameDraft {
        guard byteCount >= SharedFrames.leastSize, let block = blocks.draft(byteCount: byteCount, leaving: Self.blocksForCopies) else {
            return FrameDraft(byteCount: byteCount)
        }
        return FrameDraft(owner: block, bytes: block.bytes)
    }
}
