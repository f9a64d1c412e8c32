import ArgumentParser

/// A number of seconds, or `off`.
struct CheckpointInterval: ExpressibleByArgument, CustomStringConvertible {
    static let standard = CheckpointInterval(seconds: 0.3)
    private static let longest = 1e6

    /// Nil for no checkpoints.
    private let seconds: Double?
    var duration: Duration? { seconds.map { .seconds($0) } }
    var description: String { seconds.map { "\($0)" } ?? "off" }

    private init(seconds: Double?) { self.seconds = seconds }

    init?(argument: String) {
        if argument == "off" {
            self.init(seconds: nil)
        } else if let seconds = Double(argument), (0...Self.longest).contains(seconds) {
            self.init(seconds: seconds)
        } else {
            return nil
        }
    }
}
