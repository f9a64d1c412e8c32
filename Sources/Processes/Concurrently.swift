/// Runs two pieces of work side by side, the second on a thread of its own, and returns when both are done. One after the other where no thread can be started.
package func concurrently<First, Second: Sendable>(
    _ first: () -> First, _ second: @escaping @Sendable () -> Second
) -> (First, Second) {
    let slot = Monitor<Second?>(nil)
    do {
        try startThread {
            let result = second()
            slot.withLock { $0 = result }
        }
    } catch {
        return (first(), second())
    }
    return (first(), slot.wait { $0 })
}
