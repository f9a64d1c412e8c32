import CNNCore
import Coordinator
import Testing

struct JobCheckTests {
    private func complaint(_ job: TrainingJob) throws -> String {
        let settings = CoordinatorSettings(run: 1, instructionSet: try InstructionSet.best())
        do {
            _ = try CoordinatorMachine(jobs: [job], dataset: TestJobs.dataset, settings: settings)
            return ""
        } catch { return error.description }
    }

    @Test("What cannot be trained is refused before anything starts, in a sentence that says why")
    func refusals() throws {
        let model = try TestJobs.model()
        #expect(try complaint(TestJobs.job(model: model)) == "")
        #expect(try complaint(TestJobs.job(model: model, trainingImages: 0..<121)).contains("has 120"))
        #expect(try complaint(TestJobs.job(model: model, validationImages: 5..<5)).contains("no validation images"))
        #expect(try complaint(TestJobs.job(model: model, testImages: -3..<5)).contains("-3..<5"))
        #expect(try complaint(TestJobs.job(model: model, epochs: 0)).contains("0 epochs"))
        #expect(try complaint(TestJobs.job(model: model, epochs: .max)).contains("steps are counted in 32 bits"))
        #expect(try complaint(TestJobs.job(model: model, epochs: 1_000_000_000_000)).contains("steps are counted in 32 bits"))
        #expect(try complaint(TestJobs.job(model: model, epochs: 500_000_000)) == "")
        #expect(try complaint(TestJobs.job(model: model, batchSize: 0)).contains("mini-batches of 0"))
        #expect(try complaint(TestJobs.job(model: model, evaluationBatchSize: 100_000)).contains("evaluation batches of 100000"))
        #expect(
            try complaint(TestJobs.job(model: model, normalization: Normalization(mean: 0, standardDeviation: 0))).contains(
                "standard deviation 0.0"))
        #expect(try complaint(TestJobs.job(model: try SmallCNN(classes: 3, height: 8, width: 6))).contains("8x6"))
        #expect(try complaint(TestJobs.job(model: try SmallCNN(classes: 2, height: 6, width: 6))).contains("2 classes"))
    }
}
