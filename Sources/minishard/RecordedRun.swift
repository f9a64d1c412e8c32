import Datasets
import Reports
import Studies
import TrainingProtocol

// What a run was begun with, as far as this program can have it again.
extension RunRecord {
    /// The study with the run's experiments.
    ///
    /// - Throws: ``RecordedRunError`` when this release does not have it, or computes otherwise.
    func checkedStudy(in directory: RunDirectory) throws -> Study {
        guard profile == TrainingProtocol.profile else {
            throw RecordedRunError(
                "The run in \(directory.path) was begun with the arithmetic \(profile), and this release has \(TrainingProtocol.profile): "
                    + "its weights would be others. Use minishard \(version).")
        }
        guard study == Study.notebook.name else {
            throw RecordedRunError("The run in \(directory.path) is of the study '\(study)', which this release does not have.")
        }
        return try Study.notebook.selecting(experiments.joined(separator: ","))
    }

    /// The data that the run was begun on.
    ///
    /// - Throws: ``RecordedRunError`` when what is found is not that.
    func dataset(from options: DataOptions, in directory: RunDirectory) throws -> Dataset {
        let dataset = try options.locate(else: data).dataset
        guard dataset.sha256 == dataSHA256 else {
            throw RecordedRunError(
                "The run in \(directory.path) was begun on other data: its SHA-256 was \(dataSHA256), and that of \(options.data ?? data) is "
                    + "\(dataset.sha256). Name the directory with that data by --data.")
        }
        return dataset.named(dataName)
    }
}

/// A run that cannot be continued or verified.
struct RecordedRunError: Error, CustomStringConvertible {
    let description: String

    init(_ description: String) { self.description = description }
}
