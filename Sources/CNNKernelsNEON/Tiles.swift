/// Tiles for 32 registers of 4 lanes: a vector of 16 lanes takes four.

let instructionSetName = "neon"

/// Pixels of a row that the first convolution computes together, of 8 or 16 channels.
typealias FirstConvolutionTile8 = Four<SIMD8<Float>>
typealias FirstConvolutionTile16 = Four<SIMD16<Float>>

/// How it computes them where the compiler knows the kernel's side, and 8 channels where all of an image is computed.
typealias FirstConvolutionTiles8 = TapByTap<FirstConvolutionTile8>
typealias FirstConvolutionWholeTiles8 = FirstConvolutionTiles8
typealias FirstConvolutionTiles16 = TapByTap<FirstConvolutionTile16>

/// How its way back adds up the gradients of a kernel's taps: of a kernel of 5 x 5 two rows at a time, 20 registers.
typealias FirstThreeByThreeTaps8 = RowsOfTaps<ThreeRows<Three<SIMD8<Float>>>>
typealias FirstThreeByThreeTaps16 = FirstThreeByThreeTaps8
typealias FirstFiveByFiveTaps8 = RowsOfTaps<TwoRows<Five<SIMD8<Float>>>>
typealias FirstFiveByFiveTaps16 = FirstFiveByFiveTaps8

/// Pixels of a row that the second convolution's direct sum computes together, in two rows: 16 registers, and four for the weights.
typealias PixelTile = Two<SIMD16<Float>>

/// How the second convolution's Winograd form adds up its products: 24 registers, and four for the weights.
typealias WinogradColumns = WinogradColumnsInMemory<TwoRows<Three<SIMD16<Float>>>>

/// Channels that the columns of Winograd's outputs are transformed for together where their sums are in memory.
typealias OutputVector = SIMD8<Float>

/// Whether there are 32 registers of 16 lanes, which have room for the second convolution's weight gradients of one output channel: 25 taps of 8 channels, or 9 of 16.
var hasWideRegisters: Bool { @inline(__always) get { false } }

/// Samples, and classes, that the linear layer's forward pass computes together.
typealias SampleTile<Classes: Accumulators> = SingleRow<Classes>
typealias ForwardClassTile = Five<SIMD16<Float>>

/// Sixteens of features that the linear layer's backward pass computes together, for some classes or samples.
typealias FeatureTile<Columns: Accumulators> = SingleRow<Columns>

/// Samples that the linear layer's backward pass computes together.
typealias GradientTile = Four<SIMD16<Float>>

/// Whether a step of Adam asks for its numbers ahead. It spares caches on AMD's cores with AVX2; on Intel's with AVX-512 it takes longer than it saves.
let prefetchesForAdam = true

/// Chains of multiply-adds that the peak is measured with: enough to hide their latency.
typealias PeakTile = Join<Four<SIMD16<Float>>, Two<SIMD16<Float>>>
