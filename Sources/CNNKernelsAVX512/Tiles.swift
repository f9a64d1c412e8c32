/// Tiles for 32 registers of 16 lanes.

let instructionSetName = "avx512"

/// Pixels of a row that the first convolution computes together, of 8 or 16 channels.
typealias FirstConvolutionTile8 = Seven<SIMD8<Float>>
typealias FirstConvolutionTile16 = Seven<SIMD16<Float>>

/// How it computes them where the compiler knows the kernel's side.
typealias FirstConvolutionTiles8 = PairsOfPixels<Seven<SIMD16<Float>>>
typealias FirstConvolutionTiles16 = TapByTap<FirstConvolutionTile16>

/// Rows of taps whose gradients the first convolution's way back adds up together, all of a kernel of 5 x 5: 25 registers.
typealias FiveByFiveRows = FiveRows<Five<SIMD8<Float>>>

/// Pixels of a row that the second convolution's direct sum computes together, in two rows: 28 registers, and one for the weights.
typealias PixelTile = Fourteen<SIMD16<Float>>

/// How the second convolution's Winograd form adds up its products.
typealias WinogradColumns = WinogradColumnsInRegisters

/// Channels that Winograd's outputs are transformed for together.
typealias OutputVector = SIMD16<Float>

/// Whether the second convolution's weight gradients of one output channel fit the registers: 25 taps of 8 channels, or 9 of 16.
var allTapsFitRegisters: Bool { @inline(__always) get { true } }

/// Samples, and classes, that the linear layer's forward pass computes together.
typealias SampleTile<Classes: Accumulators> = TwoRows<Classes>
typealias ForwardClassTile = Five<SIMD16<Float>>

/// Samples that the linear layer's backward pass computes together.
typealias GradientTile = Eight<SIMD16<Float>>

/// Whether a step of Adam asks for its numbers ahead. It spares caches on AMD's cores with AVX2; on Intel's with AVX-512 it takes longer than it saves.
let prefetchesForAdam = false

/// Chains of multiply-adds that the peak is measured with: enough to hide their latency.
typealias PeakTile = Join<Eight<SIMD16<Float>>, Eight<SIMD16<Float>>>
