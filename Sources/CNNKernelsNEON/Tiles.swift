/// Tiles for 32 registers of 4 lanes: a vector of 16 lanes takes four.

let instructionSetName = "neon"

/// Pixels of a row that the first convolution computes together.
typealias FirstConvolutionTile<Vector: Lanes> = Four<Vector>

/// Pixels of a row that the second convolution's direct sum computes together, in two rows: 16 registers, and four for the weights.
typealias PixelTile = Two<SIMD16<Float>>

/// How the second convolution's Winograd form adds up its products: 24 registers, and four for the weights.
typealias WinogradOutputs = WinogradOutputsByPoints<TwoRows<Three<SIMD16<Float>>>, TwoRows<Single<SIMD16<Float>>>>

/// Samples that the linear layer's forward pass computes together.
typealias SampleTile<Classes: Accumulators> = SingleRow<Classes>

/// Samples that the linear layer's backward pass computes together.
typealias GradientTile = Four<SIMD16<Float>>

/// Chains of multiply-adds that the peak is measured with: enough to hide their latency.
typealias PeakTile = Join<Four<SIMD16<Float>>, Two<SIMD16<Float>>>
