import Files

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

// A run that was interrupted has `run.json` and `checkpoints/`; one that is complete has `results.json`.
extension RunDirectory {
    private var recordPath: String { "\(path)/run.json" }

    /// The folder of the run's checkpoints.
    package var checkpoints: String { "\(path)/checkpoints" }

    /// Whether there is a folder of checkpoints.
    package var hasCheckpoints: Bool { access(checkpoints, F_OK) == 0 }

    /// Where the results are, or will be.
    package var results: String { "\(path)/results.json" }

    /// Whether the run is complete.
    package var isComplete: Bool { access(results, F_OK) == 0 }

    /// Takes the directory of a run that was begun.
    ///
    /// - Throws: ``ReportError`` when there is none.
    package init(begun path: String) throws(ReportError) {
        var path = path
        while path.count > 1, path.hasSuffix("/") { path.removeLast() }
        self.init(unchecked: path)
        guard access(recordPath, F_OK) == 0 else {
            throw ReportError("\(path) is not the directory of a run: there is no \(recordPath).")
        }
    }

    /// Writes `run.json`, by which the run can be continued from now on, and takes the right to train it.
    ///
    /// - Throws: ``ReportError`` when it cannot be written, and when another process has begun a run in the directory since it was found to be empty.
    package func begin(_ record: RunRecord) throws(ReportError) -> RunLock {
        try createAtomically(Array(record.document.utf8), at: recordPath) {
            ReportError("Another process has begun a run in \(path) meanwhile. Name another directory with --out.")
        }
        return try lock()
    }

    /// Reads `run.json`.
    ///
    /// - Throws: ``ReportError`` when it cannot be read or is damaged.
    package func record() throws(ReportError) -> RunRecord {
        try RunRecord(parsing: reporting(try readFile(recordPath)), path: recordPath)
    }

    /// The text of `results.json` of a run that is complete.
    package func resultsDocument() throws(ReportError) -> String {
        String(decoding: try reporting(try readFile(results)), as: UTF8.self)
    }

    /// Makes this process the only one that trains the run, until it ends or the lock is released.
    ///
    /// - Throws: ``ReportError`` when another process has the run.
    package func lock() throws(ReportError) -> RunLock { try RunLock(recordPath, of: path) }

    /// Removes the checkpoints of a run that is complete.
    package func removeCheckpoints() throws(ReportError) {
        guard hasCheckpoints else { return }
        try reporting(try removeFolder(checkpoints))
    }
}
