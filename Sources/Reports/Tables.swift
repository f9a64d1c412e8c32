package import Coordinator
import Digests
import FileFormats
import Studies

/// `epochs.csv`: one row an epoch.
func epochTable(_ epochs: [EpochRecord]) -> String {
    csv(
        header: ["epoch", "train_loss", "train_accuracy", "val_loss", "val_accuracy"],
        rows: epochs.map(epochRow))
}

/// An epoch's row of `epochs.csv`.
package func epochRow(_ record: EpochRecord) -> [String] {
    ["\(record.epoch)", "\(record.trainLoss)", "\(record.trainAccuracy)", "\(record.validationLoss)", "\(record.validationAccuracy)"]
}

/// `steps.csv`: one row a training step, from 1, with the loss in the fewest digits that read back as the same float.
func stepTable(_ losses: [Float]) -> String {
    csv(header: ["step", "loss"], rows: losses.enumerated().map { ["\($0.offset + 1)", "\($0.element)"] })
}

/// `chain.csv`: one row a training step, from 1, with the step's link of the chain in hexadecimal; before them, as step 0, the chain's origin.
func chainTable(_ chain: StepChain) -> String {
    let links = [chain.origin.hexString] + (0..<chain.count).map { chain[$0].hexString }
    return csv(header: ["step", "link"], rows: links.enumerated().map { ["\($0.offset)", $0.element] })
}

/// `results.csv`: one row an experiment and seed. The changes are those against the baseline of the same seed; a field is empty where there is no value.
func resultTable(_ results: StudyResults) -> String {
    let header = [
        "experiment", "seed", "parameters", "training_images", "epochs", "best_val_accuracy", "best_epoch", "test_accuracy", "test_loss",
        "parameter_change", "val_accuracy_change", "test_accuracy_change", "weights_sha256",
    ]
    let rows = results.experiments.flatMap { experiment in
        experiment.runs.map { run in
            resultRow(run, of: experiment, baseline: results.baseline?.runs.first { $0.seed == run.seed })
        }
    }
    return csv(header: header, rows: rows)
}

private func resultRow(_ run: RunResult, of experiment: ExperimentResult, baseline: RunResult?) -> [String] {
    func text(_ value: (some CustomStringConvertible)?) -> String { value?.description ?? "" }
    return [
        experiment.name, text(run.seed), text(experiment.parameters), text(experiment.trainingImages), text(experiment.epochs),
        text(run.bestValAccuracy), text(run.bestEpoch), text(run.testAccuracy), text(run.testLoss), text(experiment.parameterChange),
        text(baseline.map { run.bestValAccuracy - $0.bestValAccuracy }), text(baseline.map { run.testAccuracy - $0.testAccuracy }),
        run.weightsSHA256,
    ]
}

/// Comma-separated values as RFC 4180 has them, but with a plain line feed at the end of each line, as Unix tools expect.
func csv(header: [String], rows: [[String]]) -> String {
    ([header] + rows).map { $0.map(csvField).joined(separator: ",") + "\n" }.joined()
}

/// A field, in quotes where a reader would not get it back otherwise.
private func csvField(_ text: String) -> String {
    let special = text.unicodeScalars.contains { $0 == "," || $0 == "\"" || $0 == "\n" || $0 == "\r" }
    guard special || text.unicodeScalars.first == " " || text.unicodeScalars.last == " " else { return text }
    var quoted = "\""
    for scalar in text.unicodeScalars {
        quoted.unicodeScalars.append(scalar)
        if scalar == "\"" { quoted += "\"" }
    }
    return quoted + "\""
}

extension StudyResults {
    /// The text of `results.json`, which `--json` prints too.
    ///
    /// - Throws: ``ReportError`` when a number in it is not finite.
    package func document() throws(ReportError) -> String {
        do {
            return try JSON(encoding: self).indentedText
        } catch {
            throw ReportError("The results cannot be written as JSON: \(error)")
        }
    }
}
