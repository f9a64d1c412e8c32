package import CNNKernels

extension SIMDKernels {
    package static func peakLoop(rounds: Int, accumulators: Output) -> Int {
        var sums = PeakTile(loading: accumulators, stride: 16)
        // Loaded, not written out: the compiler would turn a product of constants into a constant.
        let factor = SIMD16<Float>.load(accumulators)
        for _ in 0..<rounds { sums.addProducts(factor, broadcasting: accumulators, stride: 0) }
        sums.store(to: accumulators, stride: 16)
        return rounds * PeakTile.count * 16
    }
}
