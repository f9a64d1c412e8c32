import CNNCore
import RandomStreams
import Testing
import TrainingProtocol

/// Whatever arrives, decoding it returns or throws.
struct MutationTests {
    @Test("Mutated messages never crash a decoder", arguments: 0..<8)
    func mutations(seed: Int) throws {
        var random = MersenneTwister(seed: UInt64(seed))
        let originals = try Samples.worker.map { Samples.bytes($0.frames()) } + Samples.coordinator().map { Samples.bytes($0.frames()) }
        var accepted = 0
        var refused = 0
        for _ in 0..<4000 {
            var frames = originals[Int(random.next32()) % originals.count]
            for _ in 0...random.next32() % 3 { mutate(&frames, &random) }
            let message = frames.map { Frame(bytes: $0) }
            do throws(ProtocolViolation) {
                use(try WorkerMessage(frames: message))
                accepted += 1
            } catch { refused += error.description.isEmpty ? 0 : 1 }
            do throws(ProtocolViolation) {
                use(try CoordinatorMessage(frames: message))
                accepted += 1
            } catch { refused += error.description.isEmpty ? 0 : 1 }
        }
        #expect(accepted + refused == 8000)
        // Both outcomes must occur, or the mutations are too weak or too strong to test anything.
        #expect(accepted > 100)
        #expect(refused > 100)
    }

    private func mutate(_ frames: inout [[UInt8]], _ random: inout MersenneTwister) {
        func draw(_ bound: Int) -> Int { bound == 0 ? 0 : Int(random.next32() % UInt32(bound)) }
        guard !frames.isEmpty else { return frames.append([]) }
        let index = draw(2) == 0 ? 0 : draw(frames.count)
        let place = draw(frames[index].count)
        switch draw(7) {
        case 0: if !frames[index].isEmpty { frames[index][place] ^= UInt8(1 << draw(8)) }
        case 1: if !frames[index].isEmpty { frames[index][place] = UInt8(draw(256)) }
        case 2: frames[index].removeLast(draw(frames[index].count + 1))
        case 3: frames[index].insert(contentsOf: (0..<draw(12)).map { _ in UInt8(draw(256)) }, at: place)
        case 4: frames.remove(at: index)
        case 5: frames.append(frames[draw(frames.count)])
        default: frames.swapAt(0, draw(frames.count))
        }
    }

    /// Touches what a receiver would compute from the message's numbers.
    private func use(_ message: WorkerMessage) {
        if case .result(let result) = message {
            _ = result.quanta.count
            _ = result.values.floats().count + result.values.unsignedIntegers().count
        }
    }

    private func use(_ message: CoordinatorMessage) {
        if case .work(let piece) = message { #expect(piece.pixels.count == piece.sampleCount * piece.model.height * piece.model.width) }
    }
}
