/// Where the ink of an image's row is, its pixels whose grey value is not 0.
package struct InkSpan: BitwiseCopyable, Sendable, Hashable {
    /// That of a row without ink.
    package static let none = InkSpan(first: .max, end: 0)

    /// Column of the first pixel with ink; beyond all columns where there is none.
    package var first: Int
    /// Column after the last pixel with ink; 0 where there is none.
    package var end: Int

    package init(first: Int, end: Int) {
        self.first = first
        self.end = end
    }
}

/// What the convolutions make of an image without ink that is as wide as all others, and `blankHeight` rows high: others have the same numbers wherever no ink reaches.
///
/// A higher image's first `blankBorder` rows are those of this one, as are its last ones; between them it has this one's middle rows again and again.
package struct BlankImage {
    /// (padded row, padded column, c1).
    package let activations: Input
    /// (position, c2).
    package let features: Input
    /// (position, c2).
    package let winners: UnsafePointer<Int32>

    package init(activations: Input, features: Input, winners: UnsafePointer<Int32>) {
        self.activations = activations
        self.features = features
        self.winners = winners
    }
}

extension Geometry {
    /// The sizes of a ``BlankImage``.
    package var ofBlankImage: Geometry {
        Geometry(height: blankHeight, width: width, kernelSize: kernelSize, c1: c1, c2: c2, classes: classes)
    }
}
