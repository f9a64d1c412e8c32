#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// What a process does in a span of time.
package enum TraceActivity: String, Sendable, CaseIterable {
    /// A worker computes a piece of work.
    case compute
    /// Nothing is to be done until a message comes; or what nobody waits for is, which is recorded too.
    case wait
    /// A message is made and handed to ZeroMQ.
    case send
    /// Messages are taken from ZeroMQ and checked.
    case receive
    /// The coordinator adds up what workers returned.
    case reduce
    /// The coordinator changes the weights.
    case adam
    /// The coordinator adds a step to its job's chain.
    case link
    /// The coordinator makes a message that it will probably send soon.
    case prepare
    /// What happened is printed and written to files.
    case report
}

/// Records what a process does, and when: one lane of a trace.
///
/// It is an observer: nothing that is computed depends on it, and a process without a trace has none. One thread owns it.
package final class TraceRecorder {
    private struct Span {
        let activity: TraceActivity
        /// Nanoseconds of the system's monotonic clock, which all processes of a machine share.
        let start: UInt64
        let end: UInt64
        /// Nanoseconds of them in which the thread had a core, if that was measured.
        let threadTime: UInt64?
        let job: Int
        let step: Int
    }

    private var spans: [Span] = []

    package init() { spans.reserveCapacity(1 << 16) }

    /// A moment, for ``record(_:since:job:step:)``.
    package static var now: UInt64 { nanoseconds(of: CLOCK_MONOTONIC) }

    /// How long this thread has had a core, in nanoseconds.
    fileprivate static var threadTime: UInt64 { nanoseconds(of: CLOCK_THREAD_CPUTIME_ID) }

    private static func nanoseconds(of clock: clockid_t) -> UInt64 {
        var time = timespec()
        clock_gettime(clock, &time)
        return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
    }

    /// Records that the process was busy with something from `start` until now, for a job's step if one is named; `threadTime` is the part of it that the thread had a core.
    package func record(_ activity: TraceActivity, since start: UInt64, threadTime: UInt64? = nil, job: Int = -1, step: Int = -1) {
        spans.append(Span(activity: activity, start: start, end: Self.now, threadTime: threadTime, job: job, step: step))
    }

    /// The spans as events of Chrome's trace format, one a line, each with a comma behind it; the first names the lane.
    ///
    /// Source: "Trace Event Format", Google, complete events and metadata events. Times are in microseconds.
    package func events(process: Int32, name: String) -> String {
        var text = #"{"name":"process_name","ph":"M","pid":\#(process),"tid":\#(process),"args":{"name":"\#(name)"}},"# + "\n"
        for span in spans {
            text +=
                #"{"name":"\#(span.activity.rawValue)","ph":"X","pid":\#(process),"tid":\#(process),"ts":\#(Self.microseconds(span.start))"#
                + #","dur":\#(Self.microseconds(span.end - span.start))"#
            if let threadTime = span.threadTime { text += #","tdur":\#(Self.microseconds(threadTime))"# }
            if span.job >= 0 { text += #","args":{"job":\#(span.job),"step":\#(span.step)}"# }
            text += "},\n"
        }
        return text
    }

    /// Nanoseconds as a number of microseconds with three decimals.
    private static func microseconds(_ nanoseconds: UInt64) -> String {
        let fraction = String(nanoseconds % 1000)
        return "\(nanoseconds / 1000)." + String(repeating: "0", count: 3 - fraction.count) + fraction
    }
}

extension Optional where Wrapped == TraceRecorder {
    /// A moment to record from; any number where there is no recorder.
    package var now: UInt64 { self == nil ? 0 : TraceRecorder.now }

    /// Runs `body`, and records it if there is a recorder.
    @inline(__always)
    package func recording<Result, Failure: Error>(
        _ activity: TraceActivity, job: Int = -1, step: Int = -1, _ body: () throws(Failure) -> Result
    ) throws(Failure) -> Result {
        guard let self else { return try body() }
        let start = TraceRecorder.now
        let startOfThread = TraceRecorder.threadTime
        defer { self.record(activity, since: start, threadTime: TraceRecorder.threadTime - startOfThread, job: job, step: step) }
        return try body()
    }
}
