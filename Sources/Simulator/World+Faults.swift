import Coordinator
import TrainingProtocol

extension World {
    /// Something goes wrong now.
    func bringAbout(_ fault: Schedule.Fault) {
        let alive = nodes.filter(\.isAlive)
        switch fault {
        case .startWorker: if alive.count < 6 { startWorker() }
        case .killCoordinator: killCoordinator(losingPower: chance.happens(onceIn: 2))
        case .failDisk:
            note("the disk will fail")
            disk.mishap = (chance.draw(0...12), .failure)
        case .crashDisk:
            note("the machine will crash when it writes")
            disk.mishap = (chance.draw(0...12), .crash)
        case .hangCoordinator:
            let time = chance.drawScale(1000...3_000_000)
            note("the coordinator hangs for \(time) us")
            coordinatorFreeAt = max(coordinatorFreeAt, now + time)
        default: bringAbout(fault, among: alive)
        }
    }

    /// Something goes wrong with a worker, its connection or its messages.
    private func bringAbout(_ fault: Schedule.Fault, among alive: [Node]) {
        guard let node = chance.pick(alive) else { return }
        switch fault {
        case .startWorker, .killCoordinator, .failDisk, .crashDisk, .hangCoordinator: break
        case .killWorker:
            note("worker \(node.number) is killed")
            if chance.happens(onceIn: 2), let link = node.link { breakLink(link) }
            bury(node)
            if chance.happens(onceIn: 2) {
                tell(.processEnded(host: "simulated", processID: UInt32(node.number), cause: "was killed by signal 9"))
            }
        case .hangWorker:
            let time = chance.drawScale(1000...5_000_000)
            note("worker \(node.number) hangs for \(time) us")
            node.freeAt = max(node.freeAt, now + time)
        case .breakConnection:
            if let link = node.link { breakLink(link) }
        case .partition:
            guard let link = node.link else { return }
            let time = chance.drawScale(5000...5_000_000)
            let directions = chance.draw(1...3)
            note("worker \(node.number) is cut off for \(time) us, directions \(directions)")
            if directions & 1 != 0 { link.toCoordinator.blockedUntil = now + time }
            if directions & 2 != 0 { link.toWorker.blockedUntil = now + time }
            if chance.happens(onceIn: 2) { put(.breakLink(link), after: time) }
        case .drop, .duplicate, .reorder, .garble:
            guard let link = node.link else { return }
            note("worker \(node.number): \(fault.rawValue)")
            if chance.happens(onceIn: 2) { link.toCoordinator.nextFault = fault } else { link.toWorker.nextFault = fault }
        case .replay:
            if let link = node.link { replay(on: link) }
        case .garbage:
            let stranger = PeerID([1, UInt8(chance.draw(0...3))])
            let frames = (0..<chance.draw(0...3)).map { _ in
                Frame(bytes: (0..<chance.drawScale(0...64)).map { _ in UInt8(truncatingIfNeeded: chance.draw(0...255)) })
            }
            if coordinatorFreeAt <= now { tell(arrival(of: frames, from: stranger)) }
        case .leapClock:
            let time = chance.drawScale(100_000...3_600_000_000)
            note("a clock leaps by \(time) us")
            if chance.happens(onceIn: 3) { coordinatorClockOffset += time } else { node.clockOffset += time }
        case .sendRubbish, .lie:
            note("worker \(node.number) goes bad: \(fault.rawValue)")
            node.misdeed = fault
        }
    }
}
