/// The sizes of a network's tensors as the kernels lay them out.
///
/// Activations are channels-last, (row, column, channel), so that a vector holds neighbouring channels of one pixel. Channels are padded with
/// zeros to whole vectors: the first convolution's to a multiple of 8, the second's to a multiple of 16. Images that a convolution reads carry
/// its padding of zeros around them.
///
/// All sizes are stored, since kernels in other modules read them in their loops.
package struct Geometry: Sendable, Hashable {
    package let height: Int
    package let width: Int
    /// Side of both convolutions' kernels, odd.
    package let kernelSize: Int
    /// Channels of the first convolution's output.
    package let c1: Int
    /// Channels of the second convolution's output.
    package let c2: Int
    package let classes: Int

    package init(height: Int, width: Int, kernelSize: Int, c1: Int, c2: Int, classes: Int) {
        self.height = height
        self.width = width
        self.kernelSize = kernelSize
        self.c1 = c1
        self.c2 = c2
        self.classes = classes
        padding = (kernelSize - 1) / 2
        paddedWidth = width + 2 * padding
        paddedHeight = height + 2 * padding
        taps = kernelSize * kernelSize
        c1Stride = (c1 + 7) / 8 * 8
        c2Stride = (c2 + 15) / 16 * 16
        positions = (height / 2) * (width / 2)
        inputCount = paddedHeight * paddedWidth
        activationCount = paddedHeight * paddedWidth * c1Stride
        featureCount = positions * c2Stride
        firstWeightCount = taps * c1Stride
        rowSize = Winograd.rowSize(kernelSize: kernelSize, height: height, width: width)
        tileHeight = Winograd.tileHeight(kernelSize: kernelSize)
        forwardPoints = rowSize == 0 ? taps : Winograd.columnSize * rowSize
        secondForwardWeightCount = c2Stride * c1 * forwardPoints
        secondForwardScratchCount =
            rowSize == 0
            ? 2 * width * 16
            : forwardPoints * c1Stride * Winograd.largestBatch
                + max(
                    Winograd.columnSize * rowSize * max(c1Stride, 16),
                    (tileHeight * rowSize + Winograd.columnSize) * 16 * Winograd.largestBatch)
        tileListCount = 1 + (height + 1) * ((width + 3) / 4)
        let period = rowSize == 0 ? 2 : tileHeight
        let border = (2 * padding + period - 1) / period * period
        let isHigher = height > 2 * border + period
        blankHeight = isHigher ? 2 * border + period : height
        blankBorder = isHigher ? border : height
        blankPeriod = period
        secondWeightCount = c2 * taps * c1Stride
        linearWeightCount = classes * featureCount
    }

    package let padding: Int
    /// Width of an image with its padding.
    package let paddedWidth: Int
    /// Height of an image with its padding.
    package let paddedHeight: Int
    /// Taps of a kernel, k².
    package let taps: Int
    /// Floats from one pixel of the first convolution's output to the next.
    package let c1Stride: Int
    /// Floats from one position of the pooled image to the next.
    package let c2Stride: Int
    /// Positions of the pooled image, H/2 · W/2, row by row.
    package let positions: Int

    /// Floats of the padded input, (padded row, padded column).
    package let inputCount: Int
    /// Floats of the padded output of the first convolution, (padded row, padded column, channel).
    package let activationCount: Int
    /// Floats of the pooled output of the second convolution, (position, channel): what the linear layer reads.
    package let featureCount: Int

    /// Floats of the first convolution's weights, (tap, c1).
    package let firstWeightCount: Int
    /// Points of a row in the second convolution's forward pass, 6 or 8 in ``Winograd``'s form; 0 where it is the direct sum.
    package let rowSize: Int
    /// Rows of a tile in Winograd's form.
    package let tileHeight: Int
    /// Weights for each pair of channels in the second convolution's forward pass: the taps, or in Winograd's form the points of a tile.
    package let forwardPoints: Int
    /// Floats of the second convolution's weights as its forward pass reads them, (block of 16 c2, tap or point, c1, 16 c2).
    package let secondForwardWeightCount: Int
    /// Floats of scratch memory that are enough for the second convolution's forward pass in any instruction set: a strip of pixels, and in Winograd's form of a batch
    /// of tiles the inputs, transformed along both directions, and, one after the other, a few tiles' inputs, transformed along the columns, or the sums of all products at one point of the rows and these
    /// transformed along the columns.
    package let secondForwardScratchCount: Int
    /// Numbers that are enough to list an image's tiles of at least four pixels, with their number and room for one more row.
    package let tileListCount: Int
    /// Rows of a ``BlankImage``.
    package let blankHeight: Int
    /// Rows from the top, and as many from the bottom, from which both kernels together may reach beyond the image, up to a whole tile; all of them where an image is not higher than a ``BlankImage``.
    package let blankBorder: Int
    /// The middle rows of a ``BlankImage``, 2 or 4.
    package let blankPeriod: Int
    /// Floats of the second convolution's weights as its backward pass reads them, and of their gradient, (c2, tap, c1).
    package let secondWeightCount: Int
    /// Floats of the linear layer's weights and of their gradient, (class, position, c2).
    package let linearWeightCount: Int
}
