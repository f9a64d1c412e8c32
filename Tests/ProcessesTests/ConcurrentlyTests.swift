import Processes
import Synchronization
import Testing

struct ConcurrentlyTests {
    @Test("Both results come back, each from its own work")
    func results() {
        let (first, second) = concurrently({ 1 + 1 }, { "two" })
        #expect(first == 2)
        #expect(second == "two")
    }

    @Test("The second piece of work does not wait for the first")
    func sideBySide() {
        let number = Atomic(0)
        // Each waits for the other: one after the other they would never end.
        let (first, second) = concurrently(
            {
                number.store(1, ordering: .releasing)
                while number.load(ordering: .acquiring) != 2 {}
                return true
            },
            {
                while number.load(ordering: .acquiring) != 1 {}
                number.store(2, ordering: .releasing)
                return true
            })
        #expect(first && second)
    }
}
