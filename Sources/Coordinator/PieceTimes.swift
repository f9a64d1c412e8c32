/// How long pieces of work take on this run's workers: the median of the last ones' times, each in proportion to what the piece costs.
struct PieceTimes {
    /// Pieces that the median is taken of.
    private static let window = 31
    /// Pieces before which there is no median.
    private static let fewest = 5
    /// A piece is late from so many times the usual time on.
    private static let factor = 4.0
    /// No piece is late sooner: a busy machine lets a process wait for as long.
    private static let leastLimit = Duration.milliseconds(50)
    /// When a piece is late as long as there is no median.
    private static let firstLimit = Duration.seconds(1)

    /// Seconds a unit of cost.
    private var recent: [Double] = []
    private var next = 0
    private var median: Double?

    /// Notes that a piece of some cost took a time, from the moment when its worker had nothing else to do.
    mutating func note(_ time: Duration, cost: Double) {
        let rate = time / .seconds(1) / cost
        if recent.count < Self.window {
            recent.append(rate)
        } else {
            recent[next] = rate
        }
        next = (next + 1) % Self.window
        median = nil
    }

    /// The time after which a piece of some cost is late.
    mutating func limit(cost: Double) -> Duration {
        guard recent.count >= Self.fewest else { return Self.firstLimit }
        let rate = median ?? recent.sorted()[recent.count / 2]
        median = rate
        return max(Self.leastLimit, .seconds(rate * cost * Self.factor))
    }
}
