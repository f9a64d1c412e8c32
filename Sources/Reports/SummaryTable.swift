package import Studies

/// The study's table: Experiment, Parameters, Best Val Acc, Test Acc, Param Change, Val Acc Change, the changes against the baseline.
///
/// With several seeds a field holds the mean ± the standard deviation over the seeds; the change's are those of the differences between runs of the same seed.
package struct SummaryTable: Sendable, Hashable {
    private let header = ["Experiment", "Parameters", "Best Val Acc", "Test Acc", "Param Change", "Val Acc Change"]
    private let rows: [[String]]
    /// What the fields are, in a sentence; nil when one seed leaves nothing to say.
    private let note: String?

    package init(_ results: StudyResults) {
        rows = results.experiments.map { experiment in
            let changes =
                experiment.name == Study.baselineName
                ? [0] : results.baseline.map { pairedDifferences(experiment.runs, $0.runs, in: \.bestValAccuracy) } ?? []
            return [
                experiment.title, grouped(experiment.parameters), SummaryTable.field(experiment.runs.map(\.bestValAccuracy), fixed),
                SummaryTable.field(experiment.runs.map(\.testAccuracy), fixed), experiment.parameterChange.map(signedGrouped) ?? "n/a",
                SummaryTable.field(changes, signed),
            ]
        }
        let seeds = results.experiments.map(\.runs.count).max() ?? 0
        note = seeds > 1 ? "Mean ± standard deviation over \(seeds) seeds; changes against the baseline with the same seed." : nil
    }

    /// The table in aligned columns, names to the left and numbers to the right.
    package var text: String {
        let widths = header.indices.map { column in ([header] + rows).map { $0[column].count }.max() ?? 0 }
        func line(_ fields: [String]) -> String {
            zip(fields, widths).enumerated().map { padded($1.0, to: $1.1, alignRight: $0 > 0) }.joined(separator: "  ") + "\n"
        }
        let rule = widths.map { String(repeating: "-", count: $0) }.joined(separator: "  ") + "\n"
        return line(header) + rule + rows.map(line).joined() + (note.map { $0 + "\n" } ?? "")
    }

    /// Measurements as a field: one as it is, several as mean ± standard deviation.
    private static func field(_ values: [Double], _ format: (Double, Int) -> String) -> String {
        guard let sample = Sample(values) else { return "n/a" }
        return format(sample.mean, 4) + (sample.standardDeviation.map { " ± \(fixed($0))" } ?? "")
    }
}
