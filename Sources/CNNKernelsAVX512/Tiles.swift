/// Tiles for 32 registers of 16 lanes.

let instructionSetName = "avx512"

/// Pixels of a row that the first convolution computes together.
typealias FirstConvolutionTile<Vector: Lanes> = Seven<Vector>

/// Pixels of a row that the second convolution's direct sum computes together, in two rows: 28 registers, and one for the weights.
typealias PixelTile = Fourteen<SIMD16<Float>>

/// How the second convolution's Winograd form adds up its products.
typealias WinogradOutputs = WinogradOutputsByColumns

/// Samples that the linear layer's forward pass computes together.
typealias SampleTile<Classes: Accumulators> = TwoRows<Classes>

/// Samples that the linear layer's backward pass computes together.
typealias GradientTile = Eight<SIMD16<Float>>

/// Chains of multiply-adds that the peak is measured with: enough to hide their latency.
typealias PeakTile = Join<Eight<SIMD16<Float>>, Eight<SIMD16<Float>>>
