import Processes
import Synchronization
import Testing

@Suite(.timeLimit(.minutes(1)))
struct BackgroundQueueTests {
    @Test("Work is done in order, all of it, before finish returns")
    func order() throws {
        let queue = try BackgroundQueue()
        let done = Mutex<[Int]>([])
        for number in 0..<100 { queue.add { done.withLock { $0.append(number) } } }
        try queue.finish()
        #expect(done.withLock { $0 } == Array(0..<100))
    }

    @Test("The first error is thrown at the end, and the rest is done all the same")
    func errors() throws {
        struct Failure: Error, Equatable { let number: Int }
        let queue = try BackgroundQueue()
        let done = Mutex(0)
        for number in 0..<6 {
            queue.add {
                if number % 2 == 1 { throw Failure(number: number) }
                done.withLock { $0 += 1 }
            }
        }
        #expect(throws: Failure(number: 1)) { try queue.finish() }
        #expect(done.withLock { $0 } == 3)
    }

    @Test("Adding does not wait for the work that is done")
    func asynchronous() throws {
        let queue = try BackgroundQueue()
        let isOpen = Monitor(false)
        queue.add { _ = isOpen.wait { $0 ? true : nil } }
        queue.add {}
        isOpen.withLock { $0 = true }
        try queue.finish()
    }
}
