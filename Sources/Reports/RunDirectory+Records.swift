package import Coordinator
package import Datasets
import Files
package import Studies

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

// Reading what a run has left behind, to compare it with what its training gives.
extension RunDirectory {
    /// The bytes of a file, by its path in the directory; nil if it is missing.
    package func contents(ofFile name: String) throws(ReportError) -> [UInt8]? {
        guard access("\(path)/\(name)", F_OK) == 0 else { return nil }
        return try reporting(try readFile("\(path)/\(name)"))
    }

    /// The chain that a finished run has recorded in its `chain.csv`; nil if there is no such file.
    ///
    /// - Throws: ``ReportError`` naming the first line that is not one of a chain.
    package func recordedChain(of job: TrainingJob) throws(ReportError) -> StepChain? {
        let name = "\(RunDirectory.folder(of: job))/chain.csv"
        guard let bytes = try contents(ofFile: name) else { return nil }
        return try StepChain(parsing: bytes, path: "\(path)/\(name)")
    }

    /// The rows of a finished run's `epochs.csv`; nil if there is no such file.
    package func recordedEpochs(of job: TrainingJob) throws(ReportError) -> [[String]]? {
        guard let bytes = try contents(ofFile: "\(RunDirectory.folder(of: job))/epochs.csv") else { return nil }
        return String(decoding: bytes, as: UTF8.self).split(separator: "\n").dropFirst().map { line in
            line.split(separator: ",", omittingEmptySubsequences: false).map(String.init)
        }
    }

    /// Compares `results.csv` and `results.json` with what they should be, but for what names the moment and the machine.
    ///
    /// - Parameter runs: All the runs, computed again.
    /// - Returns: The name of the first file that differs.
    /// - Throws: ``ReportError`` when a file cannot be read or is damaged.
    package func differingResults(_ runs: [FinishedRun], study: Study, dataset: Dataset) throws(ReportError) -> String? {
        let fields = try JSONFields(reporting(try readFile(results)), path: results)
        let expected = StudyResults(
            study: study, dataset: dataset, version: try fields.string("version"), workers: try fields.number("workers"),
            wallSeconds: try fields.double("wall_seconds"), runs: runs)
        for (name, text) in [("results.csv", resultTable(expected)), ("results.json", try expected.document())] {
            guard try contents(ofFile: name) == Array(text.utf8) else { return name }
        }
        return nil
    }
}

extension StepChain {
    /// Reads a `chain.csv`.
    ///
    /// - Throws: ``ReportError`` naming `path` and the first line that is not one of a chain.
    package init(parsing bytes: [UInt8], path: String) throws(ReportError) {
        let lines = String(decoding: bytes, as: UTF8.self).split(separator: "\n", omittingEmptySubsequences: false)
        func fault(_ line: Int) -> ReportError { ReportError("Line \(line) of \(path) is not one of a chain of steps.") }
        guard lines.first == "step,link" else { throw fault(1) }
        guard lines.last == "" else { throw ReportError("\(path) does not end with a whole line: it is cut off.") }
        var links: [[UInt8]] = []
        for (step, line) in lines.dropFirst().dropLast().enumerated() {
            let fields = line.split(separator: ",", omittingEmptySubsequences: false)
            guard fields.count == 2, fields[0] == "\(step)", let link = bytesOfHexadecimal(fields[1]), link.count == StepChain.linkSize
            else {
                throw fault(step + 2)
            }
            links.append(link)
        }
        guard let origin = links.first else { throw fault(2) }
        self.init(origin: origin, links: Array(links.dropFirst().joined()))
    }
}

/// The bytes that hexadecimal digits stand for, two digits each.
private func bytesOfHexadecimal(_ text: Substring) -> [UInt8]? {
    let digits = text.utf8.map { digit -> UInt8? in
        switch digit {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): digit - UInt8(ascii: "0")
        case UInt8(ascii: "a")...UInt8(ascii: "f"): digit - UInt8(ascii: "a") + 10
        default: nil
        }
    }
    guard digits.count % 2 == 0 else { return nil }
    var bytes: [UInt8] = []
    for index in stride(from: 0, to: digits.count, by: 2) {
        guard let high = digits[index], let low = digits[index + 1] else { return nil }
        bytes.append(high << 4 | low)
    }
    return bytes
}
