/// Something that takes what others have written or sent, and the properties it must keep whatever that is.
package protocol FuzzTarget {
    /// What the target is called on the command line and in reports.
    var name: String { get }
    /// The target's part of a campaign's cases, relative to the others': more for what is cheap.
    var share: Int { get }

    /// Makes a case and runs it.
    ///
    /// - Parameters:
    ///   - random: all that the case depends on.
    ///   - trace: is shown each input just before it is used, by which a crash can be understood; nil in bulk.
    /// - Throws: ``Finding`` when a property does not hold.
    func run(_ random: inout CaseRandom, trace: Trace?) throws(Finding) -> FuzzOutcome
}

/// Takes note of an input: what it is, and its bytes, frame by frame.
package typealias Trace = (_ what: String, _ frames: [[UInt8]]) -> Void

/// What became of a case's input. Both must occur, or the inputs are too tame or too wild to test anything.
package enum FuzzOutcome: Sendable, Hashable {
    /// It was taken.
    case accepted
    /// It was refused, in a sentence.
    case refused
}

/// A property that does not hold.
package struct Finding: Error, CustomStringConvertible {
    package let description: String

    init(_ description: String) { self.description = description }
}

/// Checks a property.
func require(_ condition: Bool, _ property: @autoclosure () -> String) throws(Finding) {
    if !condition { throw Finding(property()) }
}

/// Checks that a text can be shown to a user: not empty, one line without control characters, of bounded length.
func requireLine(_ text: String, longest: Int = 2048) throws(Finding) {
    try require(!text.isEmpty, "a message is empty")
    try require(text.utf8.count <= longest, "a message of \(text.utf8.count) bytes: \(text.prefix(200))")
    for scalar in text.unicodeScalars {
        switch scalar.properties.generalCategory {
        case .control, .format, .lineSeparator, .paragraphSeparator:
            throw Finding("a message holds U+\(String(scalar.value, radix: 16, uppercase: true)): \(text.prefix(200))")
        default: continue
        }
    }
}

/// Checks that an error is a sentence.
func requireSentence(_ text: String) throws(Finding) {
    try requireLine(text)
    try require(text.hasSuffix("."), "an error is no sentence: \(text)")
}
