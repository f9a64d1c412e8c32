import CNNCore
package import Coordinator
package import Datasets

/// A set of experiments that are trained alike and compared with one of them, the baseline.
package struct Study: Sendable, Hashable {
    /// The name of the experiment that the others are compared with.
    package static let baselineName = "baseline"

    /// Classes that the notebook's networks tell apart; a label beyond them is an error in the data.
    package static let classes = 10

    /// What the results and the run's directory call the study.
    package let name: String
    /// The experiments in the order of the tables. No two have the same name.
    package let experiments: [Experiment]
    /// Which of the data set's training images are for validation.
    package let validationImages: Range<Int>
    /// Which of the data set's test images are for testing.
    package let testImages: Range<Int>
    /// Samples in a mini-batch of training.
    package let batchSize: Int
    /// Samples in a batch of validation and testing.
    package let evaluationBatchSize: Int

    /// The notebook's study: the baseline and the four experiments, on 10,000 images of training, 2,000 of validation and 2,000 of testing.
    package static let notebook = Study(
        name: "notebook",
        experiments: [
            Experiment(name: baselineName, title: "Baseline"),
            Experiment(name: "more-channels", title: "More channels (16, 32)", firstChannels: 16, secondChannels: 32),
            Experiment(name: "larger-kernel", title: "Larger kernel (5x5)", kernelSize: 5),
            Experiment(name: "dropout", title: "Dropout (p=0.2)", dropout: 0.2),
            Experiment(name: "less-data", title: "Less data (2,000 images)", trainingImages: 2_000),
        ],
        validationImages: 10_000..<12_000, testImages: 0..<2_000, batchSize: 64, evaluationBatchSize: 256)

    /// The experiment that the others are compared with, if the study has it.
    package var baseline: Experiment? { experiments.first { $0.name == Study.baselineName } }

    /// The study with some of its experiments only, in the study's order.
    ///
    /// - Parameter list: names with commas between them, as `--only` takes them: `baseline,dropout`. Spaces around a name and repetitions do not matter.
    /// - Throws: ``StudyError`` for a name that the study does not know and for a list without names.
    package func selecting(_ list: String) throws(StudyError) -> Study {
        let known = experiments.map(\.name)
        let names = list.split(separator: ",").map { trimmed($0) }.filter { !$0.isEmpty }
        guard !names.isEmpty else {
            throw StudyError("No experiment is named in '\(list)'; name one or more of \(known.joined(separator: ", ")).")
        }
        for name in names where !known.contains(name) {
            let hint = nearestName(to: name, among: known).map { " Did you mean '\($0)'?" } ?? ""
            throw StudyError("There is no experiment '\(name)'; the study '\(self.name)' has \(known.joined(separator: ", ")).\(hint)")
        }
        return Study(
            name: self.name, experiments: experiments.filter { names.contains($0.name) }, validationImages: validationImages,
            testImages: testImages, batchSize: batchSize, evaluationBatchSize: evaluationBatchSize)
    }

    /// The images that its experiments look at, from the first on.
    package var imagesNeeded: ImageCounts {
        ImageCounts(train: experiments.reduce(validationImages.upperBound) { max($0, $1.trainingImages) }, test: testImages.upperBound)
    }

    /// The runs to train: every experiment with every seed, experiment by experiment.
    ///
    /// - Throws: ``StudyError`` when the data set has too few images or images that the networks cannot take, and for no epochs, no seeds or a seed twice.
    package func jobs(on dataset: Dataset, seeds: [UInt64], epochs: Int) throws(StudyError) -> [TrainingJob] {
        guard epochs >= 1 else { throw StudyError("The number of epochs is \(epochs); it must be at least 1.") }
        guard !seeds.isEmpty else { throw StudyError("No seed is given; name at least one.") }
        guard Set(seeds).count == seeds.count else {
            throw StudyError("A seed is given twice in \(seeds.map(String.init).joined(separator: ", ")); every seed counts once.")
        }
        var jobs: [TrainingJob] = []
        for experiment in experiments {
            try checkSize(of: dataset, for: experiment)
            let model: SmallCNN
            do {
                model = try experiment.model(for: dataset)
            } catch {
                throw StudyError("The experiment '\(experiment.name)' cannot be trained on the data set '\(dataset.name)'. \(error)")
            }
            for seed in seeds {
                jobs.append(
                    TrainingJob(
                        experiment: experiment.name, seed: seed, model: model, optimizer: experiment.optimizer, epochs: epochs,
                        batchSize: batchSize, evaluationBatchSize: evaluationBatchSize, trainingImages: 0..<experiment.trainingImages,
                        validationImages: validationImages, testImages: testImages))
            }
        }
        return jobs
    }

    /// Refuses a data set that lacks images which the experiment needs.
    private func checkSize(of dataset: Dataset, for experiment: Experiment) throws(StudyError) {
        let trainingNeed = max(experiment.trainingImages, validationImages.upperBound)
        guard dataset.train.count >= trainingNeed else {
            throw StudyError(
                "The data set '\(dataset.name)' has \(grouped(dataset.train.count)) training images, too few for the experiment '\(experiment.name)': it is "
                    + "trained on images 0 to \(experiment.trainingImages - 1) and validated on images \(validationImages.lowerBound) to "
                    + "\(validationImages.upperBound - 1) of them. Use a data set with at least \(grouped(trainingNeed)) training images.")
        }
        guard dataset.test.count >= testImages.upperBound else {
            throw StudyError(
                "The data set '\(dataset.name)' has \(grouped(dataset.test.count)) test images, too few for the study '\(name)': it tests on images "
                    + "\(testImages.lowerBound) to \(testImages.upperBound - 1) of them. Use a data set with at least \(grouped(testImages.upperBound)) test images."
            )
        }
        guard (dataset.train.height, dataset.train.width) == (dataset.test.height, dataset.test.width) else {
            throw StudyError(
                "The data set '\(dataset.name)' has training images of \(dataset.train.height)x\(dataset.train.width) pixels and test images of "
                    + "\(dataset.test.height)x\(dataset.test.width); both must have the same size.")
        }
    }
}

/// A study that cannot be carried out as asked.
package struct StudyError: Error, Hashable, CustomStringConvertible {
    /// The sentence for the user.
    package let description: String

    init(_ description: String) {
        self.description = description
    }
}

/// The text without the blanks at its ends.
private func trimmed(_ text: Substring) -> String {
    var text = text
    while text.first?.isWhitespace == true { text.removeFirst() }
    while text.last?.isWhitespace == true { text.removeLast() }
    return String(text)
}
