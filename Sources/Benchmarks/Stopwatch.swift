/// Times a piece of code.
struct Stopwatch {
    /// Batches timed.
    let batches: Int
    /// Least time of a batch.
    let batchTime: Duration

    /// Seconds a call of `body`: the best of several batches, since whatever else the machine does can only make it slower.
    func best(_ body: () -> Void) -> Double {
        let clock = ContinuousClock()
        // Warms up, and finds how many calls a batch takes.
        var calls = 1
        while clock.measure({ for _ in 0..<calls { body() } }) < batchTime { calls *= 2 }
        let times = (0..<batches).map { _ in clock.measure { for _ in 0..<calls { body() } } }
        let best = times.min() ?? .zero
        return (Double(best.components.seconds) + Double(best.components.attoseconds) * 1e-18) / Double(calls)
    }
}
