import CNNCore
import Coordinator
import Studies
import Testing

@testable import Reports

struct RunLineTests {
    private static let record = EpochRecord(
        epoch: 1, trainLoss: 0.32849, trainAccuracy: 0.902, validationLoss: 0.1, validationAccuracy: 0.9605)

    @Test func epochLineIsTheNotebooks() {
        #expect(epochLine(Self.record) == "Epoch 01 | train_loss=0.3285 | train_acc=0.9020 | val_acc=0.9605")
        let late = EpochRecord(epoch: 123, trainLoss: .nan, trainAccuracy: 0, validationLoss: 0, validationAccuracy: 1)
        #expect(epochLine(late) == "Epoch 123 | train_loss=nan | train_acc=0.0000 | val_acc=1.0000")
    }

    @Test func linesStandBelowEachOther() throws {
        let jobs = try Study.notebook.jobs(on: smallDataset, seeds: [42], epochs: 1)
        let lines = RunLines(jobs)
        #expect(lines.epoch(Self.record, of: jobs[0]) == "baseline      | Epoch 01 | train_loss=0.3285 | train_acc=0.9020 | val_acc=0.9605")
        #expect(lines.epoch(Self.record, of: jobs[1]).hasPrefix("more-channels | Epoch 01 | "))
    }

    @Test func severalSeedsAreTold() throws {
        let jobs = try Study.notebook.selecting("baseline").jobs(on: smallDataset, seeds: [7, 1_234], epochs: 1)
        let lines = RunLines(jobs)
        #expect(lines.epoch(Self.record, of: jobs[0]).hasPrefix("baseline | seed    7 | Epoch 01 | "))
        #expect(lines.epoch(Self.record, of: jobs[1]).hasPrefix("baseline | seed 1234 | Epoch 01 | "))
    }

    @Test func endOfARun() throws {
        let run = try finishedRun("baseline", Scores(validation: [0.9673, 0.96]))
        #expect(
            RunLines([run.job]).end(of: run) == [
                "baseline | Parameters: \(grouped(run.job.model.parameterCount))", "baseline | Best validation accuracy: 0.9673",
                "baseline | Test loss: 0.1412 | Test accuracy: 0.8750",
                "baseline | Weights SHA-256: \(weightsSHA256(run.outcome.finalParameters))",
            ])
    }

    @Test func checks() throws {
        #expect(
            checkLines(try SmallCNN(), imagesShape: [64, 1, 28, 28], logitsShape: [64, 10]) == [
                "Batch shape: images [64, 1, 28, 28], labels [64]", "Logits shape: [64, 10]", "Total parameters: 32,618",
                "Trainable parameters: 32,618",
            ])
    }
}

struct NumberTests {
    @Test(arguments: [
        (0.96725, "0.9673", "+0.9673"), (-0.0096, "-0.0096", "-0.0096"), (0, "0.0000", "0.0000"), (-0.00004, "0.0000", "0.0000"),
        (0.00004, "0.0000", "0.0000"), (0.12345, "0.1235", "+0.1235"), (1e300 * 1e300, "inf", "inf"), (-.infinity, "-inf", "-inf"),
        (.nan, "nan", "nan"),
    ])
    func roundsAndSigns(value: Double, plain: String, withSign: String) {
        #expect(fixed(value) == plain && signed(value) == withSign)
    }

    @Test func writesTheLargestNumber() {
        #expect(fixed(.greatestFiniteMagnitude, 2).count == 312)
    }

    @Test func signsWholeNumbers() {
        #expect([34_912, 0, -1_000].map(signedGrouped) == ["+34,912", "0", "-1,000"])
    }

    @Test func wrapsAtWords() {
        #expect(wrapped("aa bb ccc dddddddd e", width: 6) == "aa bb\nccc\ndddddddd\ne")
    }
}

struct SummaryTableTests {
    @Test func oneSeed() throws {
        let table = SummaryTable(
            try studyResults([
                finishedRun("baseline", Scores(validation: [0.9675])),
                finishedRun("more-channels", Scores(validation: [0.9577], test: 0.9)),
                finishedRun("less-data", Scores(validation: [0.97])),
            ]))
        #expect(
            table.text == """
                Experiment                Parameters  Best Val Acc  Test Acc  Param Change  Val Acc Change
                ------------------------  ----------  ------------  --------  ------------  --------------
                Baseline                       1,282        0.9675    0.8750             0          0.0000
                More channels (16, 32)         4,866        0.9577    0.9000        +3,584         -0.0098
                Less data (2,000 images)       1,282        0.9700    0.8750             0         +0.0025

                """)
    }

    @Test func severalSeeds() throws {
        let table = SummaryTable(
            try studyResults([
                finishedRun("baseline", seed: 1, Scores(validation: [0.96])), finishedRun("baseline", seed: 2, Scores(validation: [0.98])),
                finishedRun("dropout", seed: 1, Scores(validation: [0.97])), finishedRun("dropout", seed: 2, Scores(validation: [0.97])),
            ]))
        #expect(
            table.text == """
                Experiment       Parameters     Best Val Acc         Test Acc  Param Change   Val Acc Change
                ---------------  ----------  ---------------  ---------------  ------------  ---------------
                Baseline              1,282  0.9700 ± 0.0141  0.8750 ± 0.0000             0           0.0000
                Dropout (p=0.2)       1,282  0.9700 ± 0.0000  0.8750 ± 0.0000             0  0.0000 ± 0.0141
                Mean ± standard deviation over 2 seeds; changes against the baseline with the same seed.

                """)
    }

    @Test func withoutABaselineNothingIsCompared() throws {
        let table = SummaryTable(try studyResults([finishedRun("dropout", Scores(validation: [0.97]))], only: "dropout"))
        #expect(table.text.hasSuffix("Dropout (p=0.2)       1,282        0.9700    0.8750           n/a             n/a\n"))
    }
}

struct AnalysisTests {
    private static func paragraphs(_ name: String, _ scores: [Scores], baseline: [Scores]) throws -> [String] {
        func runs(_ name: String, _ scores: [Scores]) throws -> [FinishedRun] {
            try scores.enumerated().map { try finishedRun(name, seed: UInt64($0.offset), $0.element) }
        }
        return analysis(of: try studyResults(runs("baseline", baseline) + runs(name, scores)))
    }

    @Test func oneSeedWithinTheNoise() throws {
        let text = try Self.paragraphs("more-channels", [Scores(validation: [0.9577], test: 0.9)], baseline: [Scores(validation: [0.9673])])
        #expect(
            text == [
                "More channels (16, 32): 16 and 32 channels instead of 8 and 16. The number of parameters rises from 1,282 to 4,866 (+3,584). "
                    + "Best validation accuracy falls from 0.9673 to 0.9577 (-0.0096). That is within twice the noise (the standard error of such a "
                    + "difference on 2,000 validation images is about 0.0060), so with one seed it cannot be told from chance. "
                    + "On the 2,000 test images accuracy rises from 0.8750 to 0.9000 (+0.0250). "
                    + "Adding channels makes no difference that this run could establish, with 279.6 % more parameters."
            ])
    }

    @Test func oneSeedBeyondTheNoise() throws {
        let text = try Self.paragraphs(
            "less-data", [Scores(validation: [0.93], training: 0.99)], baseline: [Scores(validation: [0.96], training: 0.97)])
        #expect(
            text == [
                "Less data (2,000 images): 2,000 training images instead of 10,000. The number of parameters stays at 1,282. "
                    + "Best validation accuracy falls from 0.9600 to 0.9300 (-0.0300). That is more than twice the noise (the standard error of such a "
                    + "difference on 2,000 validation images is about 0.0072), so the choice of images hardly explains it; how far seeds scatter, one "
                    + "seed cannot say. On the 2,000 test images accuracy stays at 0.8750 (0.0000). The gap between training and validation accuracy "
                    + "after the last epoch is +0.0600, against +0.0100 for the baseline. Training on 20 % of the images costs 0.0300 of accuracy."
            ])
    }

    @Test func wordsFollowTheSign() throws {
        let up = try Self.paragraphs("larger-kernel", [Scores(validation: [0.99])], baseline: [Scores(validation: [0.9])])[0]
        #expect(up.contains("rises from 0.9000 to 0.9900 (+0.0900)") && up.contains("The larger kernel gains 0.0900 of accuracy, with"))
        let down = try Self.paragraphs("larger-kernel", [Scores(validation: [0.9])], baseline: [Scores(validation: [0.99])])[0]
        #expect(
            down.contains("falls from 0.9900 to 0.9000 (-0.0900)")
                && down.contains("The larger kernel costs 0.0900 of accuracy in spite of"))
        let same = try Self.paragraphs("dropout", [Scores(validation: [0.9])], baseline: [Scores(validation: [0.9])])[0]
        #expect(same.contains("stays at 0.9000 (0.0000)") && same.contains("Dropout makes no difference that this run could establish."))
    }

    /// Differences 0.01, 0.02, 0.03: mean 0.02, standard deviation 0.01, half the interval 4.303 · 0.01 / √3 = 0.0248.
    @Test func severalSeedsUnsettled() throws {
        let baseline = Array(repeating: Scores(validation: [0.9]), count: 3)
        let text = try Self.paragraphs("dropout", [0.91, 0.92, 0.93].map { Scores(validation: [$0]) }, baseline: baseline)[0]
        #expect(text.contains("Over 3 seeds, mean best validation accuracy rises from 0.9000 to 0.9200 (+0.0200)."))
        #expect(
            text.contains(
                "The paired differences have a standard deviation of 0.0100 and a 95 % interval of -0.0048 to +0.0448 for their mean: "
                    + "it contains zero, so these seeds do not settle whether the change is real. Accuracy is higher with 3 of 3 seeds, lower with 0."
            ))
        #expect(text.hasSuffix("Dropout makes no difference that this run could establish."))
    }

    @Test func severalSeedsSettled() throws {
        let baseline = [0.90, 0.91, 0.92, 0.93].map { Scores(validation: [$0]) }
        let lower = try Self.paragraphs("more-channels", [0.85, 0.87, 0.87, 0.89].map { Scores(validation: [$0]) }, baseline: baseline)[0]
        #expect(
            lower.contains(
                "it lies below zero, so the loss is more than the seeds' scatter. Accuracy is higher with 0 of 4 seeds, lower with 4."))
        #expect(lower.contains("Adding channels costs 0.0450 of accuracy in spite of 279.6 % more parameters."))
        let higher = try Self.paragraphs("more-channels", [0.90, 0.93, 0.96, 0.99].map { Scores(validation: [$0]) }, baseline: baseline)[0]
        #expect(higher.contains("Its seeds scatter 3.0 times as wide as the baseline's (standard deviation 0.0387 against 0.0129)."))
    }

    @Test func nothingToCompare() throws {
        let dropout = try finishedRun("dropout", Scores(validation: [0.9]))
        #expect(
            analysis(of: try studyResults([dropout])) == [
                "The baseline was not part of this run, so there is nothing to compare the experiments with. Add 'baseline' to --only."
            ])
        let baseline = try finishedRun("baseline", seed: 1, Scores(validation: [0.9]))
        #expect(analysis(of: try studyResults([baseline])) == ["Only the baseline was run, so there is nothing to compare it with."])
        #expect(
            analysis(of: try studyResults([baseline, dropout])) == [
                "Dropout (p=0.2): dropout of 0.2 instead of none. No seed was run for both it and the baseline, so they cannot be compared."
            ])
    }
}
