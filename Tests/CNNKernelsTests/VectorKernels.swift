import CNNKernels
import CPUFeatures

#if arch(x86_64)
    import CNNKernelsAVX2
    import CNNKernelsAVX512
#else
    import CNNKernelsNEON
#endif

/// The kernel sets that this processor runs, apart from the scalar reference.
let vectorKernels: [any KernelSet.Type] = {
    #if arch(x86_64)
        (cpu_supports_avx512() ? [CNNKernelsAVX512.SIMDKernels.self] : []) + (cpu_supports_avx2() ? [CNNKernelsAVX2.SIMDKernels.self] : [])
    #else
        cpu_supports_neon() ? [CNNKernelsNEON.SIMDKernels.self] : []
    #endif
}()
