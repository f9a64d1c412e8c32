import Processes

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// A directory with the four IDX files of MNIST, Fashion-MNIST and the like.
package enum DatasetDirectory {
    /// Loads a data set: the files `train-images`, `train-labels`, `t10k-images` and `t10k-labels`, each with the ending
    /// `-idx3-ubyte` or `.idx3-ubyte` (`idx1` for labels), raw or gzip.
    ///
    /// The data set is called `mnist` where its content is the published one, else after the directory.
    ///
    /// - Parameters:
    ///   - path: The directory.
    ///   - classes: The number of classes that labels may name; nil for as many as the labels do name.
    ///   - counts: How many images to load; what comes after them in the files is not looked at, but for the labels.
    ///   - mnist: The checksums by which to recognise MNIST.
    /// - Throws: `DatasetError` where files are missing, damaged, or do not belong together.
    package static func load(
        _ path: String, classes: Int? = nil, counts: ImageCounts = .all, mnist: DatasetFiles<FileChecksums> = .mnist
    ) throws(DatasetError) -> Dataset {
        let paths = try find(in: path)
        let name = lastComponent(of: path)
        @Sendable func load() throws(DatasetError) -> Dataset { try self.load(paths, name: name, classes: classes, counts: counts) }
        if name == "mnist" { return try load() }
        // Recognising it takes a look at all of its files.
        let (loaded, isPublished) = concurrently(
            { Result { () throws(DatasetError) in try load() } }, { Result { () throws(DatasetError) in try mnist.match(paths) } })
        let dataset = try loaded.get()
        return try isPublished.get() ? dataset.named("mnist") : dataset
    }

    /// Loads a data set from its four files.
    static func load(
        _ paths: DatasetFiles<String>, name: String, classes: Int?, counts: ImageCounts
    ) throws(DatasetError) -> Dataset {
        @Sendable func read(_ file: DatasetFile) -> Result<IDXBeginning, DatasetError> {
            let count =
                switch file {
                case .trainImages: counts.train
                case .testImages: counts.test
                case .trainLabels, .testLabels: Int.max
                }
            return Result { () throws(DatasetError) in
                try IDX.readBeginning(path: paths[file], dimensionCount: file.dimensionCount, count: count)
            }
        }
        // Most of the time goes into inflating the images.
        let (train, test) = concurrently(
            { (read(.trainImages), read(.trainLabels)) }, { (read(.testImages), read(.testLabels)) })
        return try assemble(
            DatasetFiles { file throws(DatasetError) in
                switch file {
                case .trainImages: try train.0.get()
                case .trainLabels: try train.1.get()
                case .testImages: try test.0.get()
                case .testLabels: try test.1.get()
                }
            }, from: paths, name: name, classes: classes)
    }

    /// Puts a data set together out of its files' content.
    private static func assemble(
        _ files: DatasetFiles<IDXBeginning>, from paths: DatasetFiles<String>, name: String, classes: Int?
    ) throws(DatasetError) -> Dataset {
        let train = try images(.trainImages, labels: .trainLabels, from: files, paths: paths)
        let test = try images(.testImages, labels: .testLabels, from: files, paths: paths)
        guard (train.height, train.width) == (test.height, test.width) else {
            throw DatasetError(
                .inconsistent,
                """
                The images in \(paths.trainImages) measure \(train.height) x \(train.width) pixels, but those in \(paths.testImages) \
                \(test.height) x \(test.width): they are of two data sets.
                """)
        }
        if let classes {
            try check(files.trainLabels.bytes, in: paths.trainLabels, classes: classes)
            try check(files.testLabels.bytes, in: paths.testLabels, classes: classes)
        }
        let largestLabel = max(files.trainLabels.bytes.max() ?? 0, files.testLabels.bytes.max() ?? 0)
        return Dataset(name: name, train: train, test: test, classes: Int(largestLabel) + 1)
    }

    /// Writes a data set as four raw IDX files, into a directory that is made if it is missing.
    ///
    /// - Throws: `DatasetError` where the system refuses.
    package static func write(_ dataset: Dataset, to path: String) throws(DatasetError) {
        try makeDirectory(path)
        for (set, images, labels) in [
            (dataset.train, DatasetFile.trainImages, DatasetFile.trainLabels), (dataset.test, .testImages, .testLabels),
        ] {
            let pixels = IDXArray(dimensions: [set.count, set.height, set.width], bytes: set.pixels)
            try IDX.write(pixels, to: "\(path)/\(images.name)")
            try IDX.write(IDXArray(dimensions: [set.count], bytes: set.labels), to: "\(path)/\(labels.name)")
        }
    }

    /// Finds the four files.
    private static func find(in path: String) throws(DatasetError) -> DatasetFiles<String> {
        var status = stat()
        guard stat(path, &status) == 0 else {
            throw DatasetError(errno == ENOENT ? .missing : .inaccessible, "Cannot open the data directory \(path): \(systemMessage()).")
        }
        guard status.st_mode & S_IFMT == S_IFDIR else {
            throw DatasetError(.malformed, "\(path) is a file, where a directory with the four IDX files of a data set was expected.")
        }
        var missing: [String] = []
        let paths = DatasetFiles { file in
            guard let name = file.names.first(where: { exists("\(path)/\($0)") }) else {
                missing.append("\(file.stem) (looked for \(file.names.joined(separator: ", ")))")
                return ""
            }
            return "\(path)/\(name)"
        }
        guard missing.isEmpty else {
            throw DatasetError(
                .missing, "The data directory \(path) lacks \(missing.count) of a data set's 4 files: \(missing.joined(separator: "; ")).")
        }
        return paths
    }

    /// Whether something is there under a name, readable or not.
    private static func exists(_ path: String) -> Bool {
        var status = stat()
        return stat(path, &status) == 0 || errno != ENOENT
    }

    /// Puts images and their labels together.
    private static func images(
        _ imageFile: DatasetFile, labels labelFile: DatasetFile, from files: DatasetFiles<IDXBeginning>, paths: DatasetFiles<String>
    ) throws(DatasetError) -> ImageSet {
        let images = files[imageFile]
        let labels = files[labelFile]
        guard images.dimensions[0] == labels.bytes.count else {
            throw DatasetError(
                .inconsistent,
                """
                \(paths[imageFile]) holds \(images.dimensions[0]) images, but \(paths[labelFile]) \(labels.bytes.count) labels: \
                they do not belong together.
                """)
        }
        let (height, width) = (images.dimensions[1], images.dimensions[2])
        let count = images.bytes.count / (height * width)
        return ImageSet(height: height, width: width, pixels: images.bytes, labels: Array(labels.bytes.prefix(count)))
    }

    /// Checks that every label names one of `classes` classes.
    private static func check(_ labels: [UInt8], in path: String, classes: Int) throws(DatasetError) {
        guard let index = labels.firstIndex(where: { $0 >= classes }) else { return }
        throw DatasetError(
            .inconsistent,
            """
            \(path) gives image \(index) the label \(labels[index]) (byte \(8 + index) of the decompressed file), but there are \
            \(classes) classes, 0 to \(classes - 1).
            """)
    }

    /// A directory's own name, also where it is given as `.` or through a link.
    private static func lastComponent(of path: String) -> String {
        guard let resolved = realpath(path, nil) else { return path }
        defer { free(resolved) }
        return String(cString: resolved).split(separator: "/").last.map(String.init) ?? "/"
    }
}
