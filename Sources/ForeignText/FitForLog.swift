extension String {
    /// Text from elsewhere made fit for a terminal, a log and a sentence: one line, no control characters, at most 300 Unicode scalars.
    package var fitForLog: String {
        // Counted in scalars, not in characters: a single character may have any number of combining marks.
        var text = ""
        for scalar in unicodeScalars.prefix(300) {
            switch scalar.properties.generalCategory {
            case .control, .format, .lineSeparator, .paragraphSeparator: text += " "
            default: text.unicodeScalars.append(scalar)
            }
        }
        return text
    }
}
