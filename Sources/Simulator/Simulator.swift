package import CNNCore
import Worker

/// Runs whole studies, tiny ones, under schedules of faults, and compares what comes of them with what comes without a fault.
package final class Simulator {
    private let instructionSet: InstructionSet
    private let studies: [TinyStudy]
    /// Handed from schedule to schedule, since engines take longer to make than to use.
    private let computers: [PieceComputer]

    /// What came of a schedule.
    package struct Report: Sendable, Hashable {
        package let seed: UInt64
        /// What went wrong that must not; nil if the study ended with the bits it has to.
        package let failure: String?
        /// Faults that were brought about.
        package let faults: Int
        /// The schedule's time from beginning to end.
        package let duration: Duration
        /// What happened, a line each, if that was asked for.
        package let trace: [String]
    }

    /// - Throws: a sentence when the studies cannot be trained without faults.
    package init(instructionSet: InstructionSet) throws {
        self.instructionSet = instructionSet
        studies = try TinyStudy.all(instructionSet: instructionSet)
        computers = (0..<8).map { _ in PieceComputer(instructionSet: instructionSet) }
    }

    /// Runs the schedule that a seed stands for: the same seed, the same schedule.
    package func run(seed: UInt64, tracing: Bool = false) throws -> Report {
        let world = try World(
            seed: seed, studies: studies, computers: computers, isTracing: tracing, instructionSet: instructionSet
        ) { [instructionSet] in PieceComputer(instructionSet: instructionSet) }
        world.run()
        return Report(
            seed: seed, failure: world.failure, faults: world.faults, duration: .microseconds(world.now), trace: world.trace)
    }
}
