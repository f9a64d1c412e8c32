import CNNCore
import Coordinator
import Datasets
import Studies

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// A data set of 12,000 and 2,000 black images of 2x2 pixels with labels 0 and 1, under a name that needs escapes everywhere.
let smallDataset = {
    func images(_ count: Int) -> ImageSet {
        ImageSet(height: 2, width: 2, pixels: Array(repeating: 0, count: count * 4), labels: (0..<count).map { UInt8($0 % 2) })
    }
    return Dataset(name: "<digits>, \"A & B\"", train: images(12_000), test: images(2_000))
}()

/// The results of a run: validation accuracies epoch by epoch, test accuracy, training accuracy of every epoch.
struct Scores {
    var validation: [Double]
    var test = 0.875
    var training = 0.9375
}

/// A finished run of one of the notebook's experiments with given scores and any weights.
func finishedRun(_ experiment: String, seed: UInt64 = 42, _ scores: Scores) throws -> FinishedRun {
    let study = try Study.notebook.selecting(experiment)
    let job = try study.jobs(on: smallDataset, seeds: [seed], epochs: scores.validation.count)[0]
    let right = Int((scores.test * 2_000).rounded())
    let weights = (0..<job.model.parameterCount).map { Float($0) / 8 }
    let outcome = TrainingOutcome(
        epochs: scores.validation.enumerated().map {
            EpochRecord(
                epoch: $0.offset + 1, trainLoss: 0.5 / Double($0.offset + 1), trainAccuracy: scores.training, validationLoss: 0.25,
                validationAccuracy: $0.element)
        },
        stepLosses: [2.302585, 0.1, 1e-9], testLoss: 0.14123, confusionMatrix: [[right, 0], [2_000 - right, 0]], finalParameters: weights,
        bestParameters: weights.map { -$0 },
        chain: StepChain(origin: Array(repeating: 7, count: 32), links: (0..<3 * 32).map { UInt8($0) }))
    return FinishedRun(job: job, outcome: outcome)
}

/// The results of some runs of the notebook's study.
func studyResults(_ runs: [FinishedRun], only: String? = nil) throws -> StudyResults {
    let study = try only.map { try Study.notebook.selecting($0) } ?? .notebook
    return StudyResults(study: study, dataset: smallDataset, version: "1.2.3", workers: 2, wallSeconds: 12.5, runs: runs)
}

/// A new empty folder, which the body may fill; it is removed afterwards.
func withTemporaryFolder<Result>(_ body: (String) throws -> Result) throws -> Result {
    let parent = getenv("TMPDIR").map { String(cString: $0) } ?? "/tmp"
    var template = Array("\(parent)/minishard-reports-XXXXXX".utf8CString)
    guard mkdtemp(&template) != nil else { throw FixtureError(description: "mkdtemp failed in \(parent)") }
    let path = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    defer { removeTree(path) }
    return try body(path)
}

/// All the files under a folder, by their paths in it, sorted.
func files(under folder: String, prefix: String = "") -> [String] {
    names(in: folder).flatMap { name in
        var status = stat()
        guard stat("\(folder)/\(name)", &status) == 0, status.st_mode & S_IFMT == S_IFDIR else { return [prefix + name] }
        return files(under: "\(folder)/\(name)", prefix: "\(prefix)\(name)/")
    }.sorted()
}

/// The bytes of a file; none when it cannot be read.
func contents(of path: String) -> [UInt8] {
    let file = open(path, O_RDONLY)
    guard file >= 0 else { return [] }
    defer { close(file) }
    var bytes: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 65_536)
    while true {
        let count = read(file, &buffer, buffer.count)
        guard count > 0 else { return bytes }
        bytes += buffer[..<count]
    }
}

func text(of path: String) -> String { String(decoding: contents(of: path), as: UTF8.self) }

struct FixtureError: Error, CustomStringConvertible {
    let description: String
}

private func names(in folder: String) -> [String] {
    guard let stream = opendir(folder) else { return [] }
    defer { closedir(stream) }
    var names: [String] = []
    while let entry = readdir(stream) {
        let name = withUnsafeBytes(of: &entry.pointee.d_name) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
        if name != ".", name != ".." { names.append(name) }
    }
    return names.sorted()
}

private func removeTree(_ path: String) {
    for name in names(in: path) where unlink("\(path)/\(name)") != 0 {
        removeTree("\(path)/\(name)")
    }
    rmdir(path)
}

/// Runs a program, found like a shell's command, with this process's output and waits for its end.
///
/// - Returns: its exit status; 128 and the signal's number when a signal ended it.
func runProgram(_ program: String, _ arguments: [String]) throws -> Int32 {
    var words: [UnsafeMutablePointer<CChar>?] = ([program] + arguments).map { strdup($0) } + [nil]
    defer {
        for word in words { free(word) }
    }
    var process = pid_t()
    let failure = posix_spawnp(&process, program, nil, nil, &words, environ)
    guard failure == 0 else { throw FixtureError(description: "\(program) cannot be started: \(String(cString: strerror(failure)))") }
    var status: Int32 = 0
    while waitpid(process, &status, 0) < 0, errno == EINTR {}
    return status & 0x7F == 0 ? (status >> 8) & 0xFF : 128 + (status & 0x7F)
}
