import CNNKernels
import KernelRuns

#if arch(arm64)
    import CNNKernelsNEON

    typealias Kernels = SIMDKernels
#else
    typealias Kernels = ScalarKernels
#endif

/// Prints a line for every run of the kernels: a digest of what they write, and the run. NEON's kernels on ARM, the reference elsewhere.
@main enum KernelDigests {
    static func main() {
        for run in KernelRun.all {
            let results = Kernels.results(of: run)
            let isWithinBounds = results.allSatisfy { $0.isWithinBounds }
            print("\(digest(results)) \(run.description)\(isWithinBounds ? "" : ", AND WRITES BESIDE ITS RESULT")")
        }
    }

    /// FNV-1a over the results' words.
    private static func digest(_ results: [Written]) -> UInt64 {
        var digest: UInt64 = 0xCBF2_9CE4_8422_2325
        for result in results {
            for word in [UInt32(result.bits.count)] + result.bits { digest = (digest ^ UInt64(word)) &* 0x100_0000_01B3 }
        }
        return digest
    }
}
