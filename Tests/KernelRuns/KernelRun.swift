package import CNNKernels

/// A kernel at work on numbers of one kind; what it writes is to be the same with every kernel set.
///
/// ``all`` is what a kernel set must be tried with before it is trusted. Nothing here needs more of Swift than its embedded form has, so that it runs on processors that there is no
/// other Swift for on the machine at hand: see `scripts/test-neon`.
package enum KernelRun: Sendable, CustomStringConvertible {
    case normalize(width: Int)
    case firstConvolution(KernelCase)
    case secondConvolution(KernelCase)
    /// Both convolutions, of images with ink here and there, beside an image without.
    case blankImage(KernelCase)
    case linear(KernelCase)
    case linearWeightGradient(KernelCase)
    case linearInputGradient(KernelCase)
    case secondConvolutionBackward(KernelCase)
    case firstConvolutionBackward(KernelCase)
    case dropout(KernelCase)
    case packSecondConvolution(KernelCase)
    case transpose(KernelCase)
    case crossEntropy(classes: Int, KernelCase.Numbers)
    case add(count: Int)
    case adam(count: Int, sampleCount: Float)
    /// Adam where it divides by numbers of all sizes.
    case adamDivision
    /// Adam where moments become too small to matter.
    case adamForgetting

    package static let all: [KernelRun] =
        [1, 7, 8, 15, 16, 17, 28, 32, 61, 64, 65].map { .normalize(width: $0) }
        + KernelCase.all.flatMap { (kernelCase: KernelCase) -> [KernelRun] in
            [
                .firstConvolution(kernelCase), .secondConvolution(kernelCase), .blankImage(kernelCase), .linear(kernelCase),
                .linearWeightGradient(kernelCase), .linearInputGradient(kernelCase), .secondConvolutionBackward(kernelCase),
                .firstConvolutionBackward(kernelCase), .dropout(kernelCase), .packSecondConvolution(kernelCase), .transpose(kernelCase),
            ]
        }
        + [1, 2, 3, 10, 15, 16, 17, 26, 64, 1024].flatMap { (classes: Int) -> [KernelRun] in
            [.ordinary, .coarse, .tiny, .notFinite].map { (numbers: KernelCase.Numbers) in .crossEntropy(classes: classes, numbers) }
        }
        + [0, 1, 15, 16, 17, 100, 32_618].flatMap { (count: Int) -> [KernelRun] in
            [.add(count: count)] + [64, 16, 1, 65_536, 7, 48, 63].map { .adam(count: count, sampleCount: $0) }
        }
        + [.adamDivision, .adamForgetting]

    package var description: String {
        switch self {
        case .normalize(let width): "normalize, width \(width)"
        case .firstConvolution(let kernelCase): "firstConvolution, \(kernelCase.description)"
        case .secondConvolution(let kernelCase): "secondConvolution, \(kernelCase.description)"
        case .blankImage(let kernelCase): "blankImage, \(kernelCase.description)"
        case .linear(let kernelCase): "linear, \(kernelCase.description)"
        case .linearWeightGradient(let kernelCase): "linearWeightGradient, \(kernelCase.description)"
        case .linearInputGradient(let kernelCase): "linearInputGradient, \(kernelCase.description)"
        case .secondConvolutionBackward(let kernelCase): "secondConvolutionBackward, \(kernelCase.description)"
        case .firstConvolutionBackward(let kernelCase): "firstConvolutionBackward, \(kernelCase.description)"
        case .dropout(let kernelCase): "dropout, \(kernelCase.description)"
        case .packSecondConvolution(let kernelCase): "packSecondConvolution, \(kernelCase.description)"
        case .transpose(let kernelCase): "transpose, \(kernelCase.description)"
        case .crossEntropy(let classes, let numbers): "crossEntropy, \(classes) classes, \(numbers.rawValue)"
        case .add(let count): "add, \(count) numbers"
        case .adam(let count, let sampleCount): "adam, \(count) numbers, \(Int(sampleCount)) samples"
        case .adamDivision: "adamDivision"
        case .adamForgetting: "adamForgetting"
        }
    }
}

extension KernelSet {
    /// What these kernels write in a run.
    package static func results(of run: KernelRun) -> [Written] {
        switch run {
        case .normalize(let width): resultsOfNormalize(width: width)
        case .firstConvolution(let kernelCase): resultsOfFirstConvolution(kernelCase)
        case .secondConvolution(let kernelCase): resultsOfSecondConvolution(kernelCase)
        case .blankImage(let kernelCase): resultsOfBlankImage(kernelCase)
        case .linear(let kernelCase): resultsOfLinear(kernelCase)
        case .linearWeightGradient(let kernelCase): resultsOfLinearWeightGradient(kernelCase)
        case .linearInputGradient(let kernelCase): resultsOfLinearInputGradient(kernelCase)
        case .secondConvolutionBackward(let kernelCase): resultsOfSecondConvolutionBackward(kernelCase)
        case .firstConvolutionBackward(let kernelCase): resultsOfFirstConvolutionBackward(kernelCase)
        case .dropout(let kernelCase): resultsOfDropout(kernelCase)
        case .packSecondConvolution(let kernelCase): resultsOfPackSecondConvolution(kernelCase)
        case .transpose(let kernelCase): resultsOfTranspose(kernelCase)
        case .crossEntropy(let classes, let numbers): resultsOfCrossEntropy(classes: classes, numbers)
        case .add(let count): resultsOfAdd(count: count)
        case .adam(let count, let sampleCount): resultsOfAdam(count: count, sampleCount: sampleCount)
        case .adamDivision: resultsOfAdamDivision()
        case .adamForgetting: resultsOfAdamForgetting()
        }
    }
}
