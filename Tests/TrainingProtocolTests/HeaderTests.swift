import RandomStreams
import Testing

@testable import TrainingProtocol

/// The two headers that are written and read here, against those of the library.
struct HeaderTests {
    private var random = MersenneTwister(seed: 11)

    /// Any number, of any length, and often 0, which is not written.
    private mutating func draw() -> UInt64 {
        let bits = UInt64(random.next32()) << 32 | UInt64(random.next32())
        return bits >> UInt64(random.next32() % 65)
    }

    private mutating func draw32() -> UInt32 { UInt32(truncatingIfNeeded: draw()) }

    private mutating func result() -> WireResult {
        var result = WireResult()
        (result.run, result.piece, result.job, result.step) = (draw(), draw(), draw32(), draw32())
        (result.firstQuantum, result.quantumCount, result.parameters) = (draw32(), draw32(), draw())
        (result.lossSum, result.correct) = (Double(bitPattern: draw()), draw32())
        return result
    }

    private mutating func work() -> WireWork {
        var work = WireWork()
        (work.run, work.piece, work.job, work.kind) = (draw(), draw(), draw32(), random.next32() % 2 == 0 ? .train : .evaluate)
        (work.model.firstChannels, work.model.secondChannels, work.model.kernelSize) = (draw32(), draw32(), draw32())
        (work.model.classes, work.model.height, work.model.width) = (draw32(), draw32(), draw32())
        work.model.dropout = Double(bitPattern: draw())
        (work.seed, work.step, work.batchSize, work.firstQuantum, work.quantumCount) = (draw(), draw32(), draw32(), draw32(), draw32())
        (work.mean, work.standardDeviation) = (Float(bitPattern: draw32()), Float(bitPattern: draw32()))
        (work.parameters, work.parametersAttached) = (draw(), random.next32() % 2 == 0)
        return work
    }

    private func frame(_ message: WireEnvelope.OneOf_Message) -> Frame {
        var envelope = WireEnvelope()
        envelope.message = message
        return Header.frame(&envelope)
    }

    /// What the library reads, as it is written here.
    private func rewritten(_ header: Frame) -> [UInt8]? {
        switch try? Header.message(of: [header]) {
        case .result(let result): ResultHeader(result).frame.bytes()
        case .work(let work): WorkHeader(work).frame.bytes()
        default: nil
        }
    }

    /// What is read here, as it is written here; nil if it is left to the library.
    private func reread(_ header: Frame) -> [UInt8]? { ResultHeader(header)?.frame.bytes() ?? WorkHeader(header)?.frame.bytes() }

    @Test("Headers are written as the library writes them, and read from what it writes")
    mutating func sameBytes() throws {
        for _ in 0..<2000 {
            let (result, work) = (result(), work())
            for (written, library) in [(ResultHeader(result).frame, frame(.result(result))), (WorkHeader(work).frame, frame(.work(work)))] {
                #expect(written.bytes() == library.bytes())
                #expect(reread(library) == library.bytes())
            }
        }
    }

    @Test("What is read here the library reads alike, however the header is damaged", arguments: 0..<4)
    mutating func damaged(seed: Int) throws {
        random = MersenneTwister(seed: UInt64(seed))
        var counts = (read: 0, left: 0)
        for _ in 0..<4000 {
            var bytes = (random.next32() % 2 == 0 ? frame(.result(result())) : frame(.work(work()))).bytes()
            for _ in 0..<random.next32() % 3 {
                let place = Int(random.next32()) % bytes.count
                switch random.next32() % 4 {
                case 0: bytes[place] ^= 1 << UInt8(random.next32() % 8)
                case 1: bytes.remove(at: place)
                case 2: bytes.insert(UInt8(truncatingIfNeeded: random.next32()), at: place)
                default: bytes.swapAt(place, Int(random.next32()) % bytes.count)
                }
            }
            let header = Frame(bytes: bytes)
            if let read = reread(header) {
                counts.read += 1
                #expect(read == rewritten(header), "\(bytes)")
            } else {
                counts.left += 1
            }
        }
        #expect(counts.read > 400 && counts.left > 400)
    }

    @Test("A header whose fields are in another order is read, as the format allows it")
    func otherOrder() throws {
        let result = PieceResult(
            run: 5, piece: 9, job: 3, step: 70_000, quanta: 4..<8, parameters: 12, lossSum: 2.5, correct: 3, values: Frame(bytes: []))
        let intact = WorkerMessage.result(result).frames()
        var bytes = intact[0].bytes()
        // The version to the end.
        bytes = Array(bytes.dropFirst(2) + bytes.prefix(2))
        let header = Frame(bytes: bytes)
        #expect(ResultHeader(header) == nil)
        #expect(try WorkerMessage(frames: [header, intact[1]]).frames().map { $0.bytes() } == intact.map { $0.bytes() })
    }
}
