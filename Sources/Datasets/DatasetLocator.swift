#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// Where a data set comes from, as `--data` says it.
package enum DataSource: Sendable, Hashable {
    /// A directory with the four IDX files.
    case directory(String)
    /// MNIST from the cache or the network.
    case mnist
    /// The digits that the program draws itself.
    case synthetic

    /// Reads `mnist`, `synthetic` or a directory's path; a directory of one of these names is `./mnist` or `./synthetic`.
    package init(argument: String) {
        switch argument {
        case "mnist": self = .mnist
        case "synthetic": self = .synthetic
        default: self = .directory(argument)
        }
    }

    /// What `--data` would say to have the same from anywhere: a directory's absolute path.
    package var absoluteArgument: String {
        switch self {
        case .mnist: return "mnist"
        case .synthetic: return "synthetic"
        case .directory(let path):
            guard let absolute = realpath(path, nil) else { return path }
            defer { free(absolute) }
            return String(cString: absolute)
        }
    }
}

/// A data set, and what the user has to be told about it.
package struct LocatedDataset: Sendable {
    package let dataset: Dataset
    /// Where it was found.
    package let source: DataSource
    /// Lines that nobody may overlook: the data set is not the one that the user will expect.
    package let notice: String?
}

/// Finds the data set to train on.
///
/// Environment variables: `MINISHARD_DATA` says what `--data` would; `MINISHARD_CACHE` is the cache directory;
/// `MINISHARD_MNIST_MIRRORS` lists mirrors of MNIST, separated by commas.
package struct DatasetLocator: Sendable {
    private let environment: @Sendable (String) -> String?
    private let checksums: DatasetFiles<FileChecksums>
    private let curl: String
    private let synthetic: @Sendable () -> Dataset
    private let log: @Sendable (String) -> Void

    /// Describes a search.
    ///
    /// - Parameters:
    ///   - environment: Looks up an environment variable.
    ///   - checksums: What MNIST's files must be.
    ///   - curl: The `curl` program's name or path.
    ///   - synthetic: Draws the synthetic digits.
    ///   - log: Is told about transfers and waits.
    package init(
        environment: @escaping @Sendable (String) -> String? = { getenv($0).map { String(cString: $0) } },
        checksums: DatasetFiles<FileChecksums> = .mnist, curl: String = "curl",
        synthetic: @escaping @Sendable () -> Dataset = { SyntheticDigits.dataset() }, log: @escaping @Sendable (String) -> Void
    ) {
        self.environment = environment
        self.checksums = checksums
        self.curl = curl
        self.synthetic = synthetic
        self.log = log
    }

    /// Finds the data set that the user named, or else MNIST, or else the synthetic digits, with a notice that says so.
    ///
    /// - Parameters:
    ///   - source: What the user named; nil where `MINISHARD_DATA` decides, and without it MNIST is wished for but not insisted on.
    ///   - classes: The number of classes that the labels of a directory's files may name; nil for as many as they do name.
    ///   - counts: How many images of a directory's files, or of MNIST, to load.
    /// - Throws: `DatasetError` where the data set named cannot be had.
    package func locate(
        _ source: DataSource?, classes: Int? = nil, counts: ImageCounts = .all
    ) throws(DatasetError) -> LocatedDataset {
        switch source ?? variable("MINISHARD_DATA").map(DataSource.init(argument:)) {
        case .directory(let path):
            return LocatedDataset(
                dataset: try DatasetDirectory.load(path, classes: classes, counts: counts, mnist: checksums), source: .directory(path),
                notice: nil)
        case .mnist:
            return LocatedDataset(dataset: try mnist(counts), source: .mnist, notice: nil)
        case .synthetic:
            return LocatedDataset(dataset: synthetic(), source: .synthetic, notice: nil)
        case nil:
            do {
                return LocatedDataset(dataset: try mnist(counts), source: .mnist, notice: nil)
            } catch {
                guard error.kind != .interrupted else { throw error }
                return LocatedDataset(dataset: synthetic(), source: .synthetic, notice: Self.notice(reason: error.description))
            }
        }
    }

    private func mnist(_ counts: ImageCounts) throws(DatasetError) -> Dataset {
        let named = variable("MINISHARD_MNIST_MIRRORS")?.split { $0 == "," || $0.isWhitespace }
        let mirrors = named?.map(String.init) ?? MNISTDownload.publicMirrors
        let directory = try cacheDirectory() + "/mnist"
        return try MNISTDownload(directory: directory, mirrors: mirrors, checksums: checksums, curl: curl, log: log)
            .load(counts)
    }

    /// The directory for what can be had again.
    private func cacheDirectory() throws(DatasetError) -> String {
        if let path = variable("MINISHARD_CACHE") { return path }
        // A relative path here is to be ignored (XDG Base Directory Specification).
        if let path = variable("XDG_CACHE_HOME"), path.hasPrefix("/") { return path + "/minishard" }
        guard let home = variable("HOME") else {
            throw DatasetError(
                .missing, "There is no cache directory for MNIST: neither MINISHARD_CACHE nor XDG_CACHE_HOME nor HOME is set.")
        }
        #if canImport(Darwin)
            return home + "/Library/Caches/minishard"
        #else
            return home + "/.cache/minishard"
        #endif
    }

    /// An environment variable that is set to something.
    private func variable(_ name: String) -> String? {
        environment(name).flatMap { $0.isEmpty ? nil : $0 }
    }

    /// The lines that say that real data could not be had.
    private static func notice(reason: String) -> String {
        let text = """
            SYNTHETIC DIGITS, NOT MNIST. MNIST could not be had, so everything below is for digits that this program drew itself: \
            its numbers must not be compared with MNIST's.
            Why: \(reason)
            For real data: --data DIR or MINISHARD_DATA=DIR, a directory with the files train-images-idx3-ubyte, train-labels-idx1-ubyte, \
            t10k-images-idx3-ubyte and t10k-labels-idx1-ubyte (or .gz); or --data mnist to stop here instead.
            """
        let rule = String(repeating: "*", count: 78)
        let lines = text.split(separator: "\n").flatMap { wrapped($0, width: 74) }
        return ([rule] + lines.map { "*** \($0)" } + [rule]).joined(separator: "\n")
    }

    /// Breaks a line between words.
    private static func wrapped(_ line: Substring, width: Int) -> [String] {
        var lines = [""]
        for word in line.split(separator: " ") {
            let last = lines.removeLast()
            if last.isEmpty {
                lines.append(String(word))
            } else if last.count + 1 + word.count <= width {
                lines.append("\(last) \(word)")
            } else {
                lines += [last, String(word)]
            }
        }
        return lines
    }
}
