#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// Receives signals on a thread of its own, where anything may be done about them, unlike in a signal handler.
package enum SignalWatcher {
    /// Blocks signals in this thread and in all that it starts from now on. To be called before there are other threads, then ``start(_:handler:)``.
    package static func block(_ signals: [Int32]) {
        var set = signalSet(signals)
        pthread_sigmask(SIG_BLOCK, &set, nil)
    }

    /// Calls `handler` with each of the blocked signals that comes from now on, until the process ends.
    ///
    /// - Throws: ``ProcessError`` when no thread can be started.
    package static func start(_ signals: [Int32], handler: @escaping @Sendable (Int32) -> Void) throws(ProcessError) {
        try startThread {
            var set = signalSet(signals)
            while true {
                var signal: Int32 = 0
                if sigwait(&set, &signal) == 0 { handler(signal) }
            }
        }
    }

    private static func signalSet(_ signals: [Int32]) -> sigset_t {
        var set = sigset_t()
        sigemptyset(&set)
        for signal in signals { sigaddset(&set, signal) }
        return set
    }
}
