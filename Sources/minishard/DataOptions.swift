import ArgumentParser
import Datasets
import Studies

/// Where the images come from.
struct DataOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "A directory with MNIST's four IDX files, gzipped or not; mnist to download them; or synthetic for digits that the program draws itself.",
            discussion: "Without it: MINISHARD_DATA, else the cached or downloaded MNIST, else the synthetic digits.",
            valueName: "directory|mnist|synthetic"))
    var data: String?

    /// Finds the data set, and says what has to be said about it.
    ///
    /// - Throws: `DatasetError` when it cannot be had.
    ///
    /// - Parameter fallback: What to take where no option says anything.
    func locate(else fallback: String? = nil) throws -> LocatedDataset {
        let located = try DatasetLocator { writeToStandardError("minishard: \($0)\n") }.locate(
            (data ?? fallback).map(DataSource.init(argument:)), classes: Study.classes, counts: Study.notebook.imagesNeeded)
        if let notice = located.notice { writeToStandardError("\(notice)\n") }
        return located
    }
}
