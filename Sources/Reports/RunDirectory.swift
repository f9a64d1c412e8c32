import CNNCore
package import Coordinator
package import Datasets
package import FileFormats
import Files
package import Studies

#if canImport(Glibc)
    package import Glibc
#elseif canImport(Musl)
    package import Musl
#else
    package import Darwin
#endif

/// The directory that a study's results are written to.
///
/// Files appear complete or not at all. `results.csv` and then `results.json` come last: where `results.json` is, nothing is missing.
package struct RunDirectory: Sendable, Hashable {
    /// The directory's path, without a slash at its end.
    package let path: String

    /// Makes a directory `<time>-<study>` in a folder, which is made too if need be. The time is local, `yyyy-MM-dd-HHmmss`;
    /// where there already is such a directory, `-2`, `-3`, ... is appended.
    ///
    /// - Throws: ``ReportError`` when it cannot be made or written to.
    package init(for study: String, in folder: String = "runs", at now: time_t = time(nil)) throws(ReportError) {
        try RunDirectory.makeFolders(folder)
        let stem = "\(folder)/\(localTime(now))-\(fileName(for: study))"
        var path = stem
        var attempt = 1
        while mkdir(path, 0o755) != 0 {
            guard errno == EEXIST else { throw ReportError(cannot: "create the directory", path, code: errno) }
            attempt += 1
            path = "\(stem)-\(attempt)"
        }
        try reporting(try flushFolder(folder))
        self.path = path
        try probe()
    }

    /// Takes a directory that is known to be there.
    init(unchecked path: String) { self.path = path }

    /// Takes the directory of `--out`, which is made if need be.
    ///
    /// - Throws: ``ReportError`` when it is no directory, when anything is in it already, and when it cannot be made or written to.
    package init(out path: String) throws(ReportError) {
        guard !path.isEmpty else { throw ReportError("The directory of --out has no name.") }
        var path = path
        while path.count > 1, path.hasSuffix("/") { path.removeLast() }
        try RunDirectory.makeFolders(path)
        let present = try reporting(try folderContents(path))
        guard present.isEmpty else {
            let more = present.count > 3 ? " and \(present.count - 3) more" : ""
            let advice =
                present.contains("run.json")
                ? "It is the directory of a run that was begun: minishard resume \(path) continues it. Or name another directory."
                : "Name another directory, or move these away first."
            throw ReportError(
                "The directory \(path) of --out is not empty: it holds \(present.prefix(3).joined(separator: ", "))\(more). \(advice)")
        }
        self.path = path
        try probe()
    }

    /// Writes what a finished run leaves behind.
    package func write(_ run: FinishedRun, study: Study, dataset: Dataset) throws(ReportError) {
        try RunDirectory.makeFolders("\(path)/\(RunDirectory.folder(of: run.job))")
        for file in RunDirectory.files(of: run, study: study, dataset: dataset) {
            try writeAtomically(file.bytes, to: "\(path)/\(file.name)")
        }
    }

    /// What a finished run leaves behind in `<experiment>/seed-<n>/`: `epochs.csv`, `steps.csv`, `chain.csv`, `final.safetensors`, `best.safetensors` and
    /// `confusion-matrix.svg`, by their paths in the directory. A function of the job and the data alone.
    package static func files(of run: FinishedRun, study: Study, dataset: Dataset) -> [(name: String, bytes: [UInt8])] {
        func weights(_ parameters: [Float], epoch: Int) -> [UInt8] {
            Safetensors(job: run.job, parameters: parameters, epoch: epoch, study: study.name, dataset: dataset.name).bytes
        }
        let outcome = run.outcome
        let title = "\(run.job.experiment), seed \(run.job.seed)"
        let drawing = ConfusionMatrixDrawing(outcome.confusionMatrix, title: title, dataset: dataset.name)
        return [
            ("epochs.csv", Array(epochTable(outcome.epochs).utf8)), ("steps.csv", Array(stepTable(outcome.stepLosses).utf8)),
            ("chain.csv", Array(chainTable(outcome.chain).utf8)),
            ("final.safetensors", weights(outcome.finalParameters, epoch: outcome.epochs.last?.epoch ?? 0)),
            ("best.safetensors", weights(outcome.bestParameters, epoch: outcome.bestEpoch)),
            ("confusion-matrix.svg", Array(drawing.svg.utf8)),
        ].map { ("\(folder(of: run.job))/\($0.0)", $0.1) }
    }

    /// The folder of a run's files, by its path in the directory.
    static func folder(of job: TrainingJob) -> String { "\(fileName(for: job.experiment))/seed-\(job.seed)" }

    /// Writes `samples.svg`.
    package func write(_ samples: SampleSheet) throws(ReportError) {
        try write(samples.svg, to: "samples.svg")
    }

    /// Writes `results.csv` and `results.json`, which say that the study is complete: after everything else.
    package func write(_ results: StudyResults) throws(ReportError) {
        let document = try results.document()
        try write(resultTable(results), to: "results.csv")
        try write(document, to: "results.json")
    }

    /// Removes the directory again if nothing has been written to it, as when a study fails at its start.
    package func removeIfEmpty() {
        // A directory with anything in it stays: rmdir refuses, and that is what is wanted.
        rmdir(path)
    }

    private func write(_ text: String, to name: String) throws(ReportError) {
        try writeAtomically(Array(text.utf8), to: "\(path)/\(name)")
    }

    /// Writes and removes a small file, so that a place that cannot be written to is found out before hours of training.
    private func probe() throws(ReportError) {
        let file = "\(path)/.minishard-probe"
        try writeAtomically(Array("probe\n".utf8), to: file)
        guard unlink(file) == 0 else { throw ReportError(cannot: "remove", file, code: errno) }
    }

    /// Makes a folder and those that it is in, as far as they are missing.
    private static func makeFolders(_ path: String) throws(ReportError) {
        do throws(FileError) {
            try Files.makeFolders(path)
        } catch {
            guard error.code == EEXIST else { throw ReportError(cannot: error.action, error.path, code: error.code) }
            throw ReportError("\(error.path) is a file, but results need a directory there. Name another directory with --out.")
        }
    }
}

extension Safetensors {
    /// A run's weights under PyTorch's names, with notes on where they come from.
    ///
    /// - Parameters:
    ///   - parameters: flat, in the order of `SmallCNN.tensors`.
    ///   - epoch: the epoch after which the network had them.
    package init(job: TrainingJob, parameters: [Float], epoch: Int, study: String, dataset: String) {
        self.init(
            tensors: job.model.tensors.map { Tensor(name: $0.name, shape: $0.shape, elements: Array(parameters[$0.range])) },
            notes: [
                Note("format", "pt"), Note("experiment", job.experiment), Note("seed", "\(job.seed)"), Note("epoch", "\(epoch)"),
                Note("study", study), Note("dataset", dataset),
            ])
    }
}

/// A name that is safe as a file's: letters, digits, `.`, `_` and `-` as they are, all other bytes and a dot at the beginning as `%` and two hexadecimal digits,
/// so that different names stay different.
func fileName(for name: String) -> String {
    var result = ""
    for (index, byte) in name.utf8.enumerated() {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "0")...UInt8(ascii: "9"),
            UInt8(ascii: "_"), UInt8(ascii: "-"):
            result.unicodeScalars.append(Unicode.Scalar(byte))
        case UInt8(ascii: ".") where index > 0:
            result += "."
        default:
            result += (byte < 16 ? "%0" : "%") + String(byte, radix: 16, uppercase: true)
        }
    }
    return result.isEmpty ? "%" : result
}

/// A moment as local time, `yyyy-MM-dd-HHmmss`.
private func localTime(_ moment: time_t) -> String {
    var moment = moment
    var parts = tm()
    localtime_r(&moment, &parts)
    func padded(_ number: Int32, _ width: Int = 2) -> String { zeroPadded(Int(number), width: width) }
    return "\(padded(parts.tm_year + 1900, 4))-\(padded(parts.tm_mon + 1))-\(padded(parts.tm_mday))"
        + "-\(padded(parts.tm_hour))\(padded(parts.tm_min))\(padded(parts.tm_sec))"
}
