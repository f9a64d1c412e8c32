/// Why a data set could not be had, in a sentence that says what to do about it.
package struct DatasetError: Error, CustomStringConvertible, Hashable {
    /// What went wrong.
    package enum Kind: Sendable, Hashable {
        /// The system refused to read or write a file.
        case inaccessible
        /// A file or a directory that was asked for is not there.
        case missing
        /// A file is not what its format prescribes.
        case malformed
        /// Files that are sound in themselves do not belong together, or go beyond what was asked for.
        case inconsistent
        /// A download failed.
        case transfer
        /// Somebody stopped a download.
        case interrupted
    }

    package let kind: Kind
    package let description: String

    init(_ kind: Kind, _ description: String) {
        self.kind = kind
        self.description = description
    }
}
