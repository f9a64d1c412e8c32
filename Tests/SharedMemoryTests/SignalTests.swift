import Testing

@testable import SharedMemory

struct SignalTests {
    @Test("A number that is raised on one side is seen on the other, which is to be woken only if it sleeps")
    func raising() throws {
        let region = try MappedTwice(byteCount: 4096)
        let sender = Signal(in: region.made, at: 64)
        let watcher = Signal(in: region.opened, at: 64)
        #expect(watcher.number == 0)
        #expect(!sender.raise(to: 5))
        #expect(watcher.number == 5)
        watcher.fallAsleep()
        #expect(sender.raise(to: 6))
        #expect(watcher.number == 6)
        watcher.wakeUp()
        #expect(!sender.raise(to: 7))
    }
}
