/// Tells a running worker to end; from any thread.
package final class WorkerHandle: Sendable {
    let mailbox: Mailbox<String>

    init() throws(TransportError) { mailbox = try Mailbox() }

    /// Ends the worker when its current piece is done; its other work goes to others. `run` returns `.left`.
    package func leave(_ sentence: String) { mailbox.put(sentence) }
}
