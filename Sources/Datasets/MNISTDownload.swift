#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// MNIST in a cache directory, downloaded from public mirrors where it is not there yet.
///
/// Any number of processes may do this at once: one downloads while the others wait, and a file has its name only once it has been checked.
package struct MNISTDownload: Sendable {
    /// Public mirrors of the published files.
    package static let publicMirrors = [
        "https://ossci-datasets.s3.amazonaws.com/mnist", "https://storage.googleapis.com/cvdf-datasets/mnist",
    ]

    private let directory: String
    private let mirrors: [String]
    private let checksums: DatasetFiles<FileChecksums>
    private let curl: Curl
    private let log: @Sendable (String) -> Void

    /// Describes a download.
    ///
    /// - Parameters:
    ///   - directory: Where the files are kept; made if it is missing.
    ///   - mirrors: Addresses to which a file's name is appended, the first to be tried first.
    ///   - checksums: What the files must be.
    ///   - curl: The `curl` program's name or path.
    ///   - log: Is told about transfers and waits.
    package init(
        directory: String, mirrors: [String] = publicMirrors, checksums: DatasetFiles<FileChecksums> = .mnist,
        curl: String = "curl", log: @escaping @Sendable (String) -> Void
    ) {
        self.directory = directory
        self.mirrors = mirrors
        self.checksums = checksums
        self.curl = Curl(program: curl)
        self.log = log
    }

    /// Loads MNIST, having downloaded what is missing or wrong.
    ///
    /// - Parameter counts: How many images to load.
    /// - Throws: `DatasetError` where no mirror delivers a file, or the directory cannot be written.
    package func load(_ counts: ImageCounts = .all) throws(DatasetError) -> Dataset {
        if try !checksums.match(DatasetFiles(path)) {
            try makeDirectory(directory)
            let onWait = { log("Another process is downloading MNIST to \(directory); waiting for it.") }
            try withFileLock("\(directory)/.lock", onWait: onWait) { () throws(DatasetError) in
                for file in DatasetFile.allCases where try !checksums.match(path(of: file), as: file) {
                    try download(file)
                }
            }
        }
        return try DatasetDirectory.load(DatasetFiles(path), name: "mnist", classes: nil, counts: counts)
    }

    private func path(of file: DatasetFile) -> String {
        "\(directory)/\(file.name).gz"
    }

    /// Downloads a file from the first mirror that delivers the right one.
    private func download(_ file: DatasetFile) throws(DatasetError) {
        let temporary = path(of: file) + ".part"
        let remedy = "Check the network, or give a directory with the four IDX files."
        var failures = mirrors.isEmpty ? ["no mirror is named"] : []
        for mirror in mirrors {
            let url = "\(mirror)\(mirror.hasSuffix("/") ? "" : "/")\(file.name).gz"
            log("Downloading \(url)")
            do {
                try curl.download(url, to: temporary)
            } catch {
                unlink(temporary)
                switch error.cause {
                case .mirror:
                    failures.append("\(url): \(error.message)")
                    continue
                case .program:
                    throw DatasetError(.transfer, "MNIST cannot be downloaded: \(error.message). \(remedy)")
                case .signal:
                    throw DatasetError(.interrupted, "The download of \(url) was interrupted: \(error.message).")
                }
            }
            if try checksums.match(temporary, as: file) {
                return try nameFinished(temporary, path(of: file))
            }
            unlink(temporary)
            failures.append("\(url): what came is not the published file, by its MD5 checksum")
        }
        throw DatasetError(.transfer, "MNIST cannot be downloaded (\(failures.joined(separator: "; "))). \(remedy)")
    }
}
