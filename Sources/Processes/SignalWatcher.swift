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

/// Runs `body` on a new thread, which nobody waits for.
///
/// - Throws: ``ProcessError`` when no thread can be started.
package func startThread(_ body: @escaping @Sendable () -> Void) throws(ProcessError) {
    let box = Unmanaged.passRetained(ThreadBody(body))
    #if canImport(Darwin)
        var thread: pthread_t?
        let code = pthread_create(&thread, nil, runThread, box.toOpaque())
        if code == 0, let thread { pthread_detach(thread) }
    #else
        var thread = pthread_t()
        let code = pthread_create(&thread, nil, runThread, box.toOpaque())
        if code == 0 { pthread_detach(thread) }
    #endif
    guard code == 0 else {
        box.release()
        throw ProcessError("Cannot start a thread: \(String(cString: strerror(code))).")
    }
}

private final class ThreadBody: Sendable {
    let run: @Sendable () -> Void

    init(_ run: @escaping @Sendable () -> Void) { self.run = run }
}

#if canImport(Darwin)
    private func runThread(_ argument: UnsafeMutableRawPointer) -> UnsafeMutableRawPointer? {
        Unmanaged<ThreadBody>.fromOpaque(argument).takeRetainedValue().run()
        return nil
    }
#else
    private func runThread(_ argument: UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? {
        if let argument { Unmanaged<ThreadBody>.fromOpaque(argument).takeRetainedValue().run() }
        return nil
    }
#endif
