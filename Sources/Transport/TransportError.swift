/// A transport that cannot be set up, with what was wrong and what to do in a sentence.
package struct TransportError: Error, Hashable, CustomStringConvertible {
    package let description: String
}
