import Coordinator
import Testing
import Worker

@testable import Transport

@Suite(.timeLimit(.minutes(2)))
struct EndToEndTests {
    @Test("A run over real sockets gives the same weights with any number of workers", arguments: ["ipc", "tcp"])
    func sameWeights(scheme: String) throws {
        var weights: [[UInt32]] = []
        for workers in [1, 2, 3] {
            // The last job keeps the run going until every worker has come.
            let jobs = try TestData.jobs(2) + TestData.jobs(1, epochs: 100_000)
            let run = try LocalRun(endpoint: TestEndpoint.fresh(scheme), jobs: jobs, workers: workers)
            var joined = 0
            var finished = 0
            let outcomes = try run.finish { observation in
                if case .workerJoined = observation { joined += 1 }
                if case .jobFinished = observation { finished += 1 }
                if joined == workers, finished == 2 { run.handle.stop("Enough.") }
            }
            #expect(run.end == .stopped("Enough."))
            #expect(run.workerEnds == [WorkerEnd?](repeating: .stopped("Enough."), count: workers))
            weights.append(outcomes.sorted { $0.key < $1.key }.flatMap { $0.value.finalParameters.map(\.bitPattern) })
        }
        let areSame = weights.allSatisfy { !$0.isEmpty && $0 == weights[0] }
        #expect(areSame)
    }
}
