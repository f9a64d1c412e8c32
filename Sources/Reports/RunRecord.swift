import FileFormats

/// What a run was started with: the document `run.json`, from which it can be continued and checked.
package struct RunRecord: Sendable, Hashable {
    /// Version of the document's form.
    private static let format = 1

    /// The program's version that began the run.
    package let version: String
    /// Names the run; random.
    package let run: String
    /// The study's name.
    package let study: String
    /// Names of its experiments, in the study's order.
    package let experiments: [String]
    package let seeds: [UInt64]
    /// Passes over the training images.
    package let epochs: Int
    /// Where the data came from, as `--data` would have it; a directory by its absolute path.
    package let data: String
    /// What the results call the data.
    package let dataName: String
    /// SHA-256 of the data's pixels and labels, in hexadecimal.
    package let dataSHA256: String
    /// Name of the arithmetic.
    package let profile: String
    /// Other arithmetics whose workers were accepted.
    package let acceptedProfiles: [String]

    package init(
        version: String, run: String, study: String, experiments: [String], seeds: [UInt64], epochs: Int, data: String, dataName: String,
        dataSHA256: String,
        profile: String, acceptedProfiles: [String]
    ) {
        self.version = version
        self.run = run
        self.study = study
        self.experiments = experiments
        self.seeds = seeds
        self.epochs = epochs
        self.data = data
        self.dataName = dataName
        self.dataSHA256 = dataSHA256
        self.profile = profile
        self.acceptedProfiles = acceptedProfiles
    }

    /// The document's text.
    package var document: String {
        JSON.object([
            .init("format", .number("\(Self.format)")), .init("version", .string(version)), .init("run", .string(run)),
            .init("study", .string(study)), .init("experiments", .array(experiments.map(JSON.string))),
            .init("seeds", .array(seeds.map { .number("\($0)") })), .init("epochs", .number("\(epochs)")), .init("data", .string(data)),
            .init("data_name", .string(dataName)), .init("data_sha256", .string(dataSHA256)), .init("profile", .string(profile)),
            .init("accepted_profiles", .array(acceptedProfiles.map(JSON.string))),
        ]).indentedText
    }

    /// Reads the document.
    ///
    /// - Throws: ``ReportError`` naming `path` when it is not one, or of a later form.
    package init(parsing text: [UInt8], path: String) throws(ReportError) {
        let fields = try JSONFields(text, path: path)
        guard try fields.number("format") as Int == Self.format else {
            throw ReportError("\(path) was written by a later release of minishard. Use that release, or a later one.")
        }
        self.init(
            version: try fields.string("version"), run: try fields.string("run"), study: try fields.string("study"),
            experiments: try fields.array("experiments", JSONFields.string), seeds: try fields.array("seeds") { JSONFields.number($0) },
            epochs: try fields.number("epochs"), data: try fields.string("data"), dataName: try fields.string("data_name"),
            dataSHA256: try fields.string("data_sha256"),
            profile: try fields.string("profile"), acceptedProfiles: try fields.array("accepted_profiles", JSONFields.string))
    }
}
