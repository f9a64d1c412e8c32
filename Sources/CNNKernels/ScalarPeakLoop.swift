extension ScalarKernels {
    package static func peakLoop(rounds: Int, accumulators: Output) -> Int {
        let factor = accumulators[0]
        for _ in 0..<rounds { accumulators[0] = accumulators[0].addingProduct(factor, factor) }
        return rounds
    }
}
