import Synchronization

/// The signal that was asked to end the study, if one was.
final class Interruption: Sendable {
    private let first = Mutex<Int32?>(nil)

    var signal: Int32? { first.withLock { $0 } }

    /// Notes a signal; whether it is the first.
    func note(_ signal: Int32) -> Bool {
        first.withLock { first in
            guard first == nil else { return false }
            first = signal
            return true
        }
    }
}
