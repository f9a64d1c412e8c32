import CNNCore
import Simulator
import Testing

@Suite(.timeLimit(.minutes(3)))
struct SimulatorTests {
    @Test("Under every schedule of faults each study ends, with the bits of the undisturbed run")
    func schedules() throws {
        let simulator = try Simulator(instructionSet: try .best())
        var faults = 0
        for seed in UInt64(0)..<300 {
            let report = try simulator.run(seed: seed)
            #expect(report.failure == nil, "seed \(seed): scripts/simulate --first \(seed) --seeds 1 --trace")
            faults += report.faults
        }
        #expect(faults > 1000)
    }

    @Test("The same seed is the same schedule, another seed another one")
    func determinism() throws {
        let simulator = try Simulator(instructionSet: try .best())
        let other = try Simulator(instructionSet: try .best())
        var traces: Set<[String]> = []
        for seed in UInt64(1000)..<1020 {
            let report = try simulator.run(seed: seed, tracing: true)
            #expect(try report == simulator.run(seed: seed, tracing: true))
            #expect(try report == other.run(seed: seed, tracing: true))
            traces.insert(report.trace)
        }
        #expect(traces.count == 20)
    }
}
