import CNNCore
import Coordinator
import Datasets
import TestImages
import Testing
import Verification

/// Training alone gives what training with others gives, from wherever it begins.
struct SoloTrainingTests {
    private static let dataset = Dataset.patterns(train: 120, test: 40)

    private func job(learningRate: Double = 1e-2) throws -> TrainingJob {
        TrainingJob(
            experiment: "test", seed: 3,
            model: try SmallCNN(firstChannels: 2, secondChannels: 3, kernelSize: 3, classes: 3, height: 6, width: 6, dropout: 0.25),
            optimizer: .init(learningRate: learningRate), epochs: 3, batchSize: 28, evaluationBatchSize: 16, trainingImages: 0..<69,
            validationImages: 80..<120, testImages: 0..<40)
    }

    @Test func everyArithmeticGivesTheSameChain() throws {
        var chains: [StepChain] = []
        for instructionSet in InstructionSet.allCases where instructionSet.isSupported {
            let training = try SoloTraining(job(), on: Self.dataset, instructionSet: instructionSet)
            var counts: Set<Int> = [training.chain.count]
            while try training.advance() { counts.insert(training.chain.count) }
            #expect(counts == Set(0...9), "one link a step")
            let outcome = try #require(training.outcome)
            #expect(outcome.chain == training.chain && training.epochs == outcome.epochs && outcome.epochs.count == 3)
            let parameters = FloatVector(try job().model.channelsLast(outcome.finalParameters))
            #expect(outcome.chain.link(of: 8, loss: outcome.stepLosses[8], parameters: parameters) == Array(outcome.chain[8]))
            chains.append(training.chain)
        }
        #expect(chains.count >= 2 && Set(chains).count == 1)
    }

    @Test func trainingThatFailsSaysWhy() throws {
        let training = try SoloTraining(job(learningRate: 1e30), on: Self.dataset, instructionSet: .best())
        let error = #expect(throws: TrainingFailure.self) { while try training.advance() {} }
        #expect(error?.description.contains("diverged") == true)
        #expect(training.outcome == nil)
    }
}
