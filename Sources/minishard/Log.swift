import Logging

/// Logs to standard error, a line a message, without time or label: whoever wants the time pipes it through a program that adds it.
struct StandardErrorLog: LogHandler {
    var metadata = Logger.Metadata()
    var logLevel = Logger.Level.info

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    func log(event: LogEvent) {
        writeToStandardError("minishard: \(event.level >= .warning ? "\(event.level): " : "")\(event.message)\n")
    }
}

/// The program's logger; a quiet one logs warnings only.
func makeLogger(quiet: Bool) -> Logger {
    var logger = Logger(label: "minishard") { _ in StandardErrorLog() }
    logger.logLevel = quiet ? .warning : .info
    return logger
}
