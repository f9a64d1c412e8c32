import CNNCore
import Coordinator
import Datasets
import Studies
import Testing

/// A data set of black images, labels 0 to 9 in turn.
func blankDataset(train: Int = 12_000, test: Int = 2_000, height: Int = 28, width: Int = 28, testHeight: Int? = nil) -> Dataset {
    func images(_ count: Int, _ height: Int) -> ImageSet {
        ImageSet(
            height: height, width: width, pixels: Array(repeating: 0, count: count * height * width),
            labels: (0..<count).map { UInt8($0 % 10) })
    }
    return Dataset(name: "blank", train: images(train, height), test: images(test, testHeight ?? height))
}

struct StudyTests {
    @Test func itNeedsTheImagesThatItsJobsLookAt() throws {
        let studies = try [Study.notebook, Study.notebook.selecting("less-data")]
        for study in studies {
            #expect(study.imagesNeeded == ImageCounts(train: 12_000, test: 2_000))
            _ = try study.jobs(on: blankDataset(), seeds: [1], epochs: 1)
        }
    }

    @Test func notebookIsTheNotebooks() throws {
        let jobs = try Study.notebook.jobs(on: blankDataset(), seeds: [42], epochs: 5)
        #expect(jobs.map(\.experiment) == ["baseline", "more-channels", "larger-kernel", "dropout", "less-data"])
        #expect(jobs.map(\.model.parameterCount) == [32_618, 67_530, 34_794, 32_618, 32_618])
        #expect(jobs.map(\.model.dropout) == [0, 0, 0, 0.2, 0])
        #expect(jobs.map(\.trainingImages) == [0..<10_000, 0..<10_000, 0..<10_000, 0..<10_000, 0..<2_000])
        for job in jobs {
            #expect(job.seed == 42 && job.epochs == 5 && job.batchSize == 64 && job.evaluationBatchSize == 256)
            #expect(job.validationImages == 10_000..<12_000 && job.testImages == 0..<2_000)
            #expect(job.optimizer == Adam.Hyperparameters())
        }
    }

    @Test func jobsAreEveryExperimentWithEverySeed() throws {
        let jobs = try Study.notebook.selecting("less-data,baseline").jobs(on: blankDataset(), seeds: [7, 3], epochs: 1)
        #expect(jobs.map { "\($0.experiment) \($0.seed)" } == ["baseline 7", "baseline 3", "less-data 7", "less-data 3"])
    }

    @Test func modelFollowsTheDataset() throws {
        let model = try Study.notebook.experiments[0].model(for: blankDataset(train: 4, test: 4, height: 6, width: 8))
        #expect(model.classes == 4 && model.height == 6 && model.width == 8)
    }

    @Test func selectionKeepsTheStudysOrderAndIgnoresRepetitions() throws {
        let study = try Study.notebook.selecting(" dropout, baseline ,dropout,")
        #expect(study.experiments.map(\.name) == ["baseline", "dropout"])
        #expect(study.name == "notebook" && study.validationImages == 10_000..<12_000)
    }

    @Test(arguments: [
        (
            "baseline,dropuot",
            "There is no experiment 'dropuot'; the study 'notebook' has baseline, more-channels, larger-kernel, dropout, less-data."
                + " Did you mean 'dropout'?"
        ),
        (
            "everything",
            "There is no experiment 'everything'; the study 'notebook' has baseline, more-channels, larger-kernel, dropout, less-data."
        ),
        (" , ", "No experiment is named in ' , '; name one or more of baseline, more-channels, larger-kernel, dropout, less-data."),
    ])
    func badSelectionIsRefused(list: String, sentence: String) {
        let error = #expect(throws: StudyError.self) { try Study.notebook.selecting(list) }
        #expect(error?.description == sentence)
    }

    @Test func smallDatasetsAreRefused() {
        let few = #expect(throws: StudyError.self) {
            try Study.notebook.selecting("less-data").jobs(on: blankDataset(train: 11_999), seeds: [1], epochs: 1)
        }
        #expect(
            few?.description
                == "The data set 'blank' has 11,999 training images, too few for the experiment 'less-data': it is trained on images 0 to 1999 "
                + "and validated on images 10000 to 11999 of them. Use a data set with at least 12,000 training images.")
        let fewTests = #expect(throws: StudyError.self) {
            try Study.notebook.jobs(on: blankDataset(test: 1_999), seeds: [1], epochs: 1)
        }
        #expect(fewTests?.description.contains("1,999 test images, too few") == true)
    }

    @Test func imagesThatNoNetworkTakesAreRefused() {
        let odd = #expect(throws: StudyError.self) {
            try Study.notebook.jobs(on: blankDataset(height: 5, width: 4), seeds: [1], epochs: 1)
        }
        #expect(odd?.description.hasPrefix("The experiment 'baseline' cannot be trained on the data set 'blank'.") == true)
        #expect(odd?.description.contains("5x4") == true)
        let mixed = #expect(throws: StudyError.self) {
            try Study.notebook.jobs(on: blankDataset(height: 4, width: 4, testHeight: 6), seeds: [1], epochs: 1)
        }
        #expect(mixed?.description.contains("4x4 pixels and test images of 6x4") == true)
    }

    @Test func seedsAndEpochsAreChecked() {
        let dataset = blankDataset(height: 2, width: 2)
        #expect(throws: StudyError.self) { try Study.notebook.jobs(on: dataset, seeds: [1], epochs: 0) }
        #expect(throws: StudyError.self) { try Study.notebook.jobs(on: dataset, seeds: [], epochs: 1) }
        #expect(throws: StudyError.self) { try Study.notebook.jobs(on: dataset, seeds: [1, 2, 1], epochs: 1) }
    }

    @Test func changesAreNamed() throws {
        let experiments = Study.notebook.experiments
        #expect(
            experiments.map { $0.changes(from: experiments[0]) } == [
                "", "16 and 32 channels instead of 8 and 16", "5x5 kernels instead of 3x3", "dropout of 0.2 instead of none",
                "2,000 training images instead of 10,000",
            ])
        let several = Experiment(name: "x", title: "X", kernelSize: 7, dropout: 0.5, optimizer: .init(learningRate: 0.001))
        #expect(
            several.changes(from: experiments[3])
                == "7x7 kernels instead of 3x3, dropout of 0.5 instead of 0.2, learning rate 0.001, betas 0.9 and 0.999, epsilon 1e-08")
    }
}

struct NearestNameTests {
    @Test(arguments: [
        ("baselin", "baseline"), ("Baseline", "baseline"), ("dropuot", "dropout"), ("morechannels", "more-channels"),
        ("larger_kernel", "larger-kernel"), ("les-data", "less-data"),
    ])
    func findsTheNameThatWasMeant(typed: String, meant: String) {
        #expect(nearestName(to: typed, among: Study.notebook.experiments.map(\.name)) == meant)
    }

    @Test(arguments: ["", "x", "everything", "kernel"])
    func findsNothingForSomethingElse(typed: String) {
        #expect(nearestName(to: typed, among: Study.notebook.experiments.map(\.name)) == nil)
    }
}
