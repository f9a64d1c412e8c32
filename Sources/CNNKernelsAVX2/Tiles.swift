/// Tiles for 16 registers of 8 lanes: a vector of 16 lanes takes two.

let instructionSetName = "avx2"

/// Pooling windows that the second convolution computes together: 4 pixels in 8 registers, and two for the weights.
typealias WindowTile = Single<SIMD16<Float>>

/// Samples that the linear layer's forward pass computes together.
typealias SampleTile<Classes: Accumulators> = SingleRow<Classes>

/// Samples that the linear layer's backward pass computes together.
typealias GradientTile = Four<SIMD16<Float>>

/// Accumulators of the loop that the processor's peak is measured with: 12 registers.
typealias PeakTile = Join<Four<SIMD16<Float>>, Two<SIMD16<Float>>>
