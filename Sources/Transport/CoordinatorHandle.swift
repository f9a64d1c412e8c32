import Coordinator

/// Tells a running coordinator what happens outside its socket; from any thread.
package final class CoordinatorHandle: Sendable {
    let mailbox: Mailbox<CoordinatorEvent>

    init() throws(TransportError) { mailbox = try Mailbox() }

    /// Ends the run: workers are sent home, and `run` returns `.stopped`.
    package func stop(_ reason: String) { mailbox.put(.stopRequested(reason)) }

    /// A child process on this machine has ended; if it was a worker, its work goes to others at once.
    ///
    /// - Parameter cause: What happened, as the end of a sentence about the process, such as `was killed by signal 9`.
    package func processEnded(_ processID: Int32, cause: String) {
        mailbox.put(.processEnded(host: hostName(), processID: UInt32(bitPattern: processID), cause: cause))
    }
}
