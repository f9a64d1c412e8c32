import Coordinator
import TrainingProtocol
import Worker

/// A connection between a worker's socket and the coordinator's: two queues that keep their order, as ZeroMQ's do.
final class Link {
    let peer: PeerID
    let worker: Int
    /// Whether both ends know each other; what is on its way may arrive even when not.
    var isUp = true
    var toCoordinator = Lane()
    var toWorker = Lane()

    init(peer: PeerID, worker: Int) {
        self.peer = peer
        self.worker = worker
    }

    /// One direction of a connection.
    struct Lane {
        var messages: [[Frame]] = []
        /// Nothing arrives before this.
        var blockedUntil = 0
        /// What happens to the next message.
        var nextFault: Schedule.Fault?
    }
}

/// A worker's process, or what is left of it.
final class Node {
    let number: Int
    var machine: WorkerMachine
    let computer: PieceComputer
    var link: Link?
    /// Counts the sockets it has opened.
    var socket = 0
    var isAlive = true
    /// It does nothing before this: it computes, or stands still.
    var freeAt = 0
    /// What its clock shows more than the coordinator's did at the beginning.
    var clockOffset = 0
    var piece: PieceOfWork?
    /// What it does to its results now and then.
    var misdeed: Schedule.Fault?
    var hasMisbehaved = false

    init(number: Int, machine: WorkerMachine, computer: PieceComputer) {
        self.number = number
        self.machine = machine
        self.computer = computer
    }
}

extension PieceResult {
    /// Another result for the same piece: well-formed and finite, and wrong by a few bits or a sample.
    ///
    /// - Parameter liar: Makes it differ from every other liar's: that two workers err in the same way is not survived, nor to be expected.
    func lie(kind: PieceKind, classes: Int, labels: [UInt8], by liar: Int, _ chance: inout Chance) -> PieceResult {
        var lie = self
        lie.lossSum = Double(bitPattern: lossSum.bitPattern + UInt64(liar + 1))
        var bytes = values.bytes()
        let place = chance.draw(0...bytes.count / 4 - 1) * 4
        switch (kind, chance.draw(0...2)) {
        case (_, 0): break
        case (.train, 1): lie.correct = correct > 0 ? correct - 1 : 1
        case (.train, _): bytes[place + chance.draw(0...1)] ^= 1 << UInt8(chance.draw(0...7))
        case (.evaluate, _):
            bytes[place] = UInt8((Int(bytes[place]) + 1) % classes)
            lie.correct = labels.indices.count { bytes[$0 * 4] == labels[$0] }
        }
        lie.values = Frame(bytes: bytes)
        return lie
    }

    /// What cannot be a result for the piece.
    func rubbish(_ chance: inout Chance) -> PieceResult {
        var rubbish = self
        switch chance.draw(0...5) {
        case 0: rubbish.lossSum = .nan
        case 1: rubbish.lossSum = -.infinity
        case 2: rubbish.values = Frame(floats: [Float](repeating: .nan, count: values.count / 4))
        case 3: rubbish.values = Frame(bytes: values.bytes().dropLast(chance.draw(1...values.count)))
        case 4: rubbish.step += 1
        default: rubbish.correct = 1_000_000
        }
        return rubbish
    }
}
