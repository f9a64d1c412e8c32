#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// An event of Chrome's trace format.
package struct TraceEvent: Decodable {
    package struct Arguments: Decodable {
        package let name: String?
        package let job: Int?
        package let step: Int?
    }
    package let name: String
    package let ph: String
    package let pid: Int
    package let tid: Int
    package let ts: Double?
    package let dur: Double?
    package let tdur: Double?
    package let args: Arguments?

    /// The events of a trace file's text.
    package static func read(_ text: String) throws -> [TraceEvent] {
        try JSONDecoder().decode([TraceEvent].self, from: Data(text.utf8))
    }
}
