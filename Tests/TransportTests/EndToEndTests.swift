import CNNCore
import Coordinator
import Datasets
import Testing
import Worker

@testable import Transport

@Suite(.timeLimit(.minutes(2)))
struct EndToEndTests {
    @Test("A run over real sockets gives the same weights with any number of workers", arguments: ["ipc", "tcp"])
    func sameWeights(scheme: String) throws {
        var digests: [[UInt32]] = []
        for workers in [1, 2, 3] {
            let run = try LocalRun(endpoint: TestEndpoint.fresh(scheme), jobs: try TestData.jobs(2), workers: workers)
            let outcomes = try run.finish()
            #expect(outcomes.count == 2)
            digests.append(outcomes.sorted { $0.key < $1.key }.flatMap { $0.value.finalParameters.map(\.bitPattern) })
            #expect(run.end == .completed)
            #expect(run.workerEnds == [WorkerEnd?](repeating: .stopped("All training is done."), count: workers))
        }
        #expect(digests[0] == digests[1])
        #expect(digests[0] == digests[2])
    }
}
