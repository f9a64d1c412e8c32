package import Studies

/// What a study's numbers say about each experiment against the baseline, a paragraph each, in the order of the table.
///
/// With one seed a change is held against the noise of the validation images, with several against the scatter of the paired differences;
/// a paragraph claims a gain or a loss only where the change stands out from it.
package func analysis(of results: StudyResults) -> [String] {
    guard let baseline = results.baseline else {
        return ["The baseline was not part of this run, so there is nothing to compare the experiments with. Add 'baseline' to --only."]
    }
    let others = results.experiments.filter { $0.name != baseline.name }
    guard !others.isEmpty else {
        return ["Only the baseline was run, so there is nothing to compare it with."]
    }
    return others.map { experiment in
        let changes = experiment.changes.flatMap { $0.isEmpty ? nil : "\($0). " } ?? ""
        guard let comparison = Comparison(of: experiment, with: baseline, validationImages: results.validationImages) else {
            return "\(experiment.title): \(changes)No seed was run for both it and the baseline, so they cannot be compared."
        }
        let sentences = [
            comparison.parameters, comparison.accuracy, comparison.evidence, comparison.test(images: results.testImages), comparison.gap,
            comparison.conclusion,
        ]
        return "\(experiment.title): \(changes)" + sentences.compactMap(\.self).joined(separator: " ")
    }
}

/// The text in lines of a width at most, as far as its words allow.
package func wrapped(_ text: String, width: Int = 100) -> String {
    var lines: [String] = []
    for word in text.split(separator: " ") {
        if let line = lines.last, line.count + 1 + word.count <= width {
            lines[lines.count - 1] = "\(line) \(word)"
        } else {
            lines.append(String(word))
        }
    }
    return lines.joined(separator: "\n")
}

/// An experiment beside the baseline, over the seeds that both were run with.
private struct Comparison {
    /// What the numbers settle.
    private enum Verdict {
        case gain, loss, open
    }

    private let experiment: ExperimentResult
    private let baseline: ExperimentResult
    private let pairs: [(run: RunResult, baseline: RunResult)]
    private let validationImages: Int
    /// The change of the best validation accuracy.
    private let change: Sample
    /// How far the change must be from zero to count: with one seed two standard errors, with several half the 95 % interval.
    private let threshold: Double

    init?(of experiment: ExperimentResult, with baseline: ExperimentResult, validationImages: Int) {
        pairs = experiment.runs.compactMap { run in
            baseline.runs.first { $0.seed == run.seed }.map { (run, $0) }
        }
        guard let change = Sample(pairs.map { $0.run.bestValAccuracy - $0.baseline.bestValAccuracy }) else { return nil }
        self.experiment = experiment
        self.baseline = baseline
        self.validationImages = validationImages
        self.change = change
        threshold =
            change.confidenceHalfWidth
            ?? 2 * standardErrorOfDifference(pairs[0].run.bestValAccuracy, pairs[0].baseline.bestValAccuracy, count: validationImages)
    }

    private var verdict: Verdict {
        abs(change.mean) <= threshold ? .open : change.mean > 0 ? .gain : .loss
    }

    private var seeds: String { "\(pairs.count) seeds" }

    private func means(_ measure: (RunResult) -> Double) -> (own: Double, baseline: Double) {
        let count = Double(pairs.count)
        return (pairs.reduce(0) { $0 + measure($1.run) } / count, pairs.reduce(0) { $0 + measure($1.baseline) } / count)
    }

    /// How a measure moves from the baseline to the experiment: `rises from 0.9605 to 0.9635 (+0.0030)`, as the numbers are.
    private func movement(_ measure: (RunResult) -> Double) -> String {
        let (new, old) = means(measure)
        // The mean of the differences, as the table has it: the difference of the means may round otherwise.
        let change = pairs.reduce(0) { $0 + measure($1.run) - measure($1.baseline) } / Double(pairs.count)
        guard fixed(old) != fixed(new) else { return "stays at \(fixed(new)) (\(signed(change)))" }
        return "\(change > 0 ? "rises" : "falls") from \(fixed(old)) to \(fixed(new)) (\(signed(change)))"
    }

    var parameters: String {
        let change = experiment.parameters - baseline.parameters
        guard change != 0 else { return "The number of parameters stays at \(grouped(experiment.parameters))." }
        return
            "The number of parameters \(change > 0 ? "rises" : "falls") from \(grouped(baseline.parameters)) to \(grouped(experiment.parameters))"
            + " (\(signedGrouped(change)))."
    }

    var accuracy: String {
        let subject = pairs.count > 1 ? "Over \(seeds), mean best validation accuracy" : "Best validation accuracy"
        return "\(subject) \(movement(\.bestValAccuracy))."
    }

    var evidence: String {
        guard let deviation = change.standardDeviation else { return singleSeedEvidence }
        let interval = "\(signed(change.mean - threshold)) to \(signed(change.mean + threshold))"
        let better = pairs.count { $0.run.bestValAccuracy > $0.baseline.bestValAccuracy }
        let worse = pairs.count { $0.run.bestValAccuracy < $0.baseline.bestValAccuracy }
        let meaning =
            switch verdict {
            case .open: "it contains zero, so these seeds do not settle whether the change is real"
            case .gain: "it lies above zero, so the gain is more than the seeds' scatter"
            case .loss: "it lies below zero, so the loss is more than the seeds' scatter"
            }
        return
            "The paired differences have a standard deviation of \(fixed(deviation)) and a 95 % interval of \(interval) for their mean: \(meaning)."
            + " Accuracy is higher with \(better) of \(seeds), lower with \(worse).\(scatter)"
    }

    private var singleSeedEvidence: String {
        let noise =
            "the standard error of such a difference on \(grouped(validationImages)) validation images is about \(fixed(threshold / 2))"
        if verdict == .open {
            return "That is within twice the noise (\(noise)), so with one seed it cannot be told from chance."
        }
        return
            "That is more than twice the noise (\(noise)), so the choice of images hardly explains it; how far seeds scatter, one seed cannot say."
    }

    /// How much wider or narrower the experiment scatters over its seeds than the baseline, where that is at least a factor of 1.5.
    private var scatter: String {
        guard let own = Sample(pairs.map(\.run.bestValAccuracy))?.standardDeviation,
            let other = Sample(pairs.map(\.baseline.bestValAccuracy))?.standardDeviation, own > 0, other > 0
        else { return "" }
        let numbers = "(standard deviation \(fixed(own)) against \(fixed(other)))"
        if own >= 1.5 * other { return " Its seeds scatter \(fixed(own / other, 1)) times as wide as the baseline's \(numbers)." }
        if other >= 1.5 * own { return " The baseline's seeds scatter \(fixed(other / own, 1)) times as wide as its own \(numbers)." }
        return ""
    }

    func test(images: Int) -> String {
        "On the \(grouped(images)) test images accuracy \(movement(\.testAccuracy))."
    }

    /// How far training accuracy is above validation accuracy after the last epoch: what dropout and the amount of data act on.
    var gap: String? {
        guard experiment.model.dropout != baseline.model.dropout || experiment.trainingImages != baseline.trainingImages else { return nil }
        let gap = means { run in run.epochs.last.map { $0.trainAccuracy - $0.valAccuracy } ?? 0 }
        return
            "The gap between training and validation accuracy after the last epoch is \(signed(gap.own)), against \(signed(gap.baseline))"
            + " for the baseline."
    }

    var conclusion: String {
        let effect =
            switch verdict {
            case .gain: "gains \(fixed(abs(change.mean))) of accuracy"
            case .loss: "costs \(fixed(abs(change.mean))) of accuracy"
            case .open: "makes no difference that this run could establish"
            }
        return "\(subject) \(effect)\(price)."
    }

    /// What was changed, as the subject of a sentence.
    private var subject: String {
        let own = experiment.model
        let other = baseline.model
        if own.firstChannels + own.secondChannels != other.firstChannels + other.secondChannels {
            return own.firstChannels + own.secondChannels > other.firstChannels + other.secondChannels
                ? "Adding channels" : "Taking channels away"
        }
        if own.kernelSize != other.kernelSize { return own.kernelSize > other.kernelSize ? "The larger kernel" : "The smaller kernel" }
        if own.dropout != other.dropout { return own.dropout > other.dropout ? "Dropout" : "Less dropout" }
        if experiment.trainingImages != baseline.trainingImages {
            return "Training on \(fixed(100 * Double(experiment.trainingImages) / Double(baseline.trainingImages), 0)) % of the images"
        }
        return "The change"
    }

    /// What the effect is paid for with in parameters, if anything.
    private var price: String {
        let share = 100 * Double(experiment.parameters - baseline.parameters) / Double(baseline.parameters)
        guard share != 0 else { return "" }
        let amount = "\(fixed(abs(share), 1)) % \(share > 0 ? "more" : "fewer") parameters"
        return verdict == .loss && share > 0 ? " in spite of \(amount)" : ", with \(amount)"
    }
}
