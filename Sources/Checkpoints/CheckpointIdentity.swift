/// What a run's checkpoints must agree in with the run that takes them up.
package struct CheckpointIdentity: Sendable, Hashable {
    /// Names the run.
    package let run: String
    /// SHA-256 of the data, in hexadecimal.
    package let datasetSHA256: String
    /// Name of the arithmetic.
    package let profile: String

    package init(run: String, datasetSHA256: String, profile: String) {
        self.run = run
        self.datasetSHA256 = datasetSHA256
        self.profile = profile
    }
}
