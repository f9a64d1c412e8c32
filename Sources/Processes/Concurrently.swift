#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// Runs two pieces of work side by side, the second on a thread of its own, and returns when both are done. One after the other where no thread can be started.
package func concurrently<First, Second: Sendable>(
    _ first: () -> First, _ second: @Sendable () -> Second
) -> (First, Second) {
    withoutActuallyEscaping(second) { second in
        let slot = Slot(second)
        #if canImport(Darwin)
            var thread: pthread_t?
        #else
            var thread = pthread_t()
        #endif
        let code = pthread_create(&thread, nil, fillSlot, Unmanaged.passUnretained(slot).toOpaque())
        let firstResult = first()
        if code == 0 {
            #if canImport(Darwin)
                if let thread { pthread_join(thread, nil) }
            #else
                pthread_join(thread, nil)
            #endif
        } else {
            slot.fill()
        }
        return (firstResult, slot.result!)
    }
}

/// A place for a result that another thread works out. It is touched by one thread at a time: this one before the other is started and after it has ended.
private class AnySlot {
    func fill() {}
}

private final class Slot<Value>: AnySlot {
    private let work: () -> Value
    private(set) var result: Value?

    init(_ work: @escaping () -> Value) { self.work = work }

    override func fill() { result = work() }
}

#if canImport(Darwin)
    private func fillSlot(_ slot: UnsafeMutableRawPointer) -> UnsafeMutableRawPointer? {
        Unmanaged<AnySlot>.fromOpaque(slot).takeUnretainedValue().fill()
        return nil
    }
#else
    private func fillSlot(_ slot: UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? {
        if let slot { Unmanaged<AnySlot>.fromOpaque(slot).takeUnretainedValue().fill() }
        return nil
    }
#endif
