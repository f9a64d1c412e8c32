/// Tiles for 32 registers of 16 lanes.

let instructionSetName = "avx512"

/// Pixels of a row that the first convolution computes together, of 8 or 16 channels.
typealias FirstConvolutionTile8 = Seven<SIMD8<Float>>
typealias FirstConvolutionTile16 = Seven<SIMD16<Float>>

/// How it computes them where the compiler knows the kernel's side: the pixels that depend on ink by two tiles of eight columns at a time, all of an image by one of fourteen.
typealias FirstConvolutionTiles8 = PairsOfPixels<Eight<SIMD16<Float>>, 2>
typealias FirstConvolutionWholeTiles8 = PairsOfPixels<Seven<SIMD16<Float>>, 1>
typealias FirstConvolutionTiles16 = TapByTap<FirstConvolutionTile16>

/// How its way back adds up the gradients of a kernel's taps: 9 or 25 registers of 16 channels, 6 or 15 of two taps of 8.
typealias FirstThreeByThreeTaps8 = PairsOfTaps<Join<Four<SIMD16<Float>>, Two<SIMD16<Float>>>, 3>
typealias FirstThreeByThreeTaps16 = RowsOfTaps<ThreeRows<Three<SIMD16<Float>>>>
typealias FirstFiveByFiveTaps8 = PairsOfTaps<Join<Eight<SIMD16<Float>>, Seven<SIMD16<Float>>>, 5>
typealias FirstFiveByFiveTaps16 = RowsOfTaps<FiveRows<Five<SIMD16<Float>>>>

/// Pixels of a row that the second convolution's direct sum computes together, in two rows: 28 registers, and one for the weights.
typealias PixelTile = Fourteen<SIMD16<Float>>

/// How the second convolution's Winograd form adds up its products.
typealias WinogradColumns = WinogradColumnsInRegisters

/// Channels that the columns of Winograd's outputs are transformed for together where their sums are in memory.
typealias OutputVector = SIMD16<Float>

/// Whether there are 32 registers of 16 lanes, which have room for the second convolution's weight gradients of one output channel: 25 taps of 8 channels, or 9 of 16.
var hasWideRegisters: Bool { @inline(__always) get { true } }

/// Samples, and classes, that the linear layer's forward pass computes together.
typealias SampleTile<Classes: Accumulators> = FourRows<Classes>
typealias ForwardClassTile = Five<SIMD16<Float>>

/// Sixteens of features that the linear layer's backward pass computes together, for some classes or samples.
typealias FeatureTile<Columns: Accumulators> = TwoRows<Columns>

/// Samples that the linear layer's backward pass computes together.
typealias GradientTile = Eight<SIMD16<Float>>

/// Whether a step of Adam asks for its numbers ahead. It spares caches on AMD's cores with AVX2; on Intel's with AVX-512 it takes longer than it saves.
let prefetchesForAdam = false

/// Chains of multiply-adds that the peak is measured with: enough to hide their latency.
typealias PeakTile = Join<Eight<SIMD16<Float>>, Eight<SIMD16<Float>>>
