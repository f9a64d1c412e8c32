package import CNNKernels
import CPUFeatures

#if arch(x86_64)
    import CNNKernelsAVX2
    import CNNKernelsAVX512
#else
    import CNNKernelsNEON
#endif

/// The instruction sets that there are kernels for. All give the same bits.
package enum InstructionSet: String, CaseIterable, Sendable {
    case avx512, avx2, neon
    /// The scalar reference: any processor, very slow.
    case scalar

    /// Whether this processor has it, and this program was built with kernels for it.
    package var isSupported: Bool {
        switch self {
        case .avx512: cpu_supports_avx512()
        case .avx2: cpu_supports_avx2()
        case .neon: cpu_supports_neon()
        case .scalar: true
        }
    }

    /// The fastest that this processor has.
    ///
    /// - Throws: ``UnsupportedProcessor`` when it has none that there are fast kernels for.
    package static func best() throws(UnsupportedProcessor) -> InstructionSet { try best { $0.isSupported } }

    /// The fastest on a processor that has those which `isSupported` says.
    static func best(where isSupported: (InstructionSet) -> Bool) throws(UnsupportedProcessor) -> InstructionSet {
        guard let best = allCases.first(where: { isSupported($0) && $0 != .scalar }) else { throw UnsupportedProcessor() }
        return best
    }

    /// The kernels. Call it only where ``isSupported``.
    package var kernels: any KernelSet.Type {
        #if arch(x86_64)
            switch self {
            case .avx512: CNNKernelsAVX512.SIMDKernels.self
            case .avx2: CNNKernelsAVX2.SIMDKernels.self
            case .neon, .scalar: ScalarKernels.self
            }
        #else
            self == .neon ? CNNKernelsNEON.SIMDKernels.self : ScalarKernels.self
        #endif
    }
}

/// This machine's processor has no vector unit that Minishard has kernels for.
package struct UnsupportedProcessor: Error, CustomStringConvertible {
    package var description: String {
        "This machine's processor has neither AVX2 nor NEON, and Minishard has no fast kernels for it. "
            + "Run the worker on an x86-64 processor of 2013 or later, or on a 64-bit ARM processor."
    }
}
