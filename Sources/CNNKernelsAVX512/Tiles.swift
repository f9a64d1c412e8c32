/// Tiles for 32 registers of 16 lanes.

let instructionSetName = "avx512"

/// Pooling windows that the second convolution computes together: 28 pixels, one register each, and one for the weights.
typealias WindowTile = Seven<SIMD16<Float>>

/// Samples that the linear layer's forward pass computes together.
typealias SampleTile<Classes: Accumulators> = TwoRows<Classes>

/// Samples that the linear layer's backward pass computes together.
typealias GradientTile = Eight<SIMD16<Float>>

/// Accumulators of the loop that the processor's peak is measured with: twice as many as are in flight.
typealias PeakTile = Join<Eight<SIMD16<Float>>, Eight<SIMD16<Float>>>
