import CSharedMemory

/// A number that one process raises and another one watches, so that a message is needed only while that one sleeps.
package final class Signal: @unchecked Sendable {
    /// Bytes of a signal: two cache lines, for what each side writes.
    package static let byteCount = 128

    private let region: SharedRegion
    private let value: UnsafeMutablePointer<UInt64>
    private var sleeper: UnsafeMutablePointer<UInt64> { value + 8 }

    /// A signal that stands in a region from `offset`, a multiple of 64, on.
    package init(in region: SharedRegion, at offset: Int) {
        precondition(offset >= 0 && offset % 64 == 0 && offset + Self.byteCount <= region.bytes.count, "a signal outside its region")
        self.region = region
        value = UnsafeMutableRawBufferPointer(rebasing: region.bytes[offset...]).bindMemory(to: UInt64.self).baseAddress!
    }

    /// Raises the number; whoever sees it sees what was written before.
    ///
    /// - Returns: Whether the watcher may be asleep, and must be woken.
    package func raise(to number: UInt64) -> Bool {
        shared_announce(value, number)
        return shared_load(sleeper) != 0
    }

    /// The number as it is now.
    package var number: UInt64 { shared_load(value) }

    /// The watcher is about to sleep: it must look at the number once more after this.
    package func fallAsleep() { shared_announce(sleeper, 1) }

    /// The watcher is awake.
    package func wakeUp() { shared_store(sleeper, 0) }
}
