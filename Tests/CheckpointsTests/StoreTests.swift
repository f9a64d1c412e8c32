import Checkpoints
import Coordinator
import RandomStreams
import Simulator
import Testing

/// What is on disk is whole at every moment, and what is not whole is told from what is.
struct StoreTests {
    private let jobs: [TrainingJob]
    /// The states of the first job, one a result.
    private let states: [JobState]

    init() throws {
        jobs = try Training.jobs()
        states = try Training.train(jobs).states.filter { $0.job == 0 }.map(\.state)
    }

    private func store(_ files: Disk) -> CheckpointStore {
        CheckpointStore(files: files, identity: Training.identity, jobs: jobs)
    }

    /// Files with the job's states up to one of them.
    private func files(upTo last: Int) throws -> Disk {
        let files = Disk()
        let store = store(files)
        for state in states[...last] { try store.write(state, job: 0) }
        return files
    }

    @Test func nothingIsThereAtFirst() throws {
        #expect(try store(Disk()).load(job: 0) == nil)
    }

    @Test func newestStateIsFoundAndOldFilesGo() throws {
        for last in states.indices {
            let files = try files(upTo: last)
            let loaded = try #require(try store(files).load(job: 0))
            #expect(loaded.state == states[last] && loaded.warnings.isEmpty)
            let epochs = states[max(0, last - 1)...last].flatMap { $0.epochParameters.map(\.epoch) }
            let slots = last == 0 ? ["job-0.a.safetensors"] : ["job-0.a.safetensors", "job-0.b.safetensors"]
            #expect(files.all == (slots + Set(epochs).map { "job-0.epoch-\($0).safetensors" }).sorted())
            #expect(try store(files).load(job: 1) == nil)
        }
    }

    /// A crash at each operation of each write, with whatever outcome: there is the state before or the one that was being written.
    @Test func everyCrashLeavesAState() throws {
        let total = try files(upTo: states.count - 1).operations
        var recovered = Set<Int>()
        for operation in 0..<total {
            for seed in 0..<4 {
                let files = Disk()
                files.mishap = (operation, .crash)
                let first = store(files)
                var written = -1
                do throws(CheckpointError) {
                    for (index, state) in states.enumerated() {
                        try first.write(state, job: 0)
                        written = index
                    }
                } catch {
                    #expect(error.description.hasPrefix("No checkpoint of test"))
                }
                var chance = Chance(seed: UInt64(operation * 4 + seed))
                files.restart(losing: true, &chance)
                let second = store(files)
                let loaded = try second.load(job: 0)
                let found = loaded.flatMap { loaded in states.firstIndex { $0 == loaded.state } } ?? -1
                #expect(found == written || found == written + 1, "operation \(operation), seed \(seed)")
                recovered.insert(found - written)
                // From there on all goes well.
                for state in states[(found + 1)...] { try second.write(state, job: 0) }
                #expect(try store(files).load(job: 0)?.state == states.last)
            }
        }
        #expect(recovered == [0, 1])
    }

    /// A newest state that cannot be read for a while: the one before is used, with a warning, and stays while the other is written over. The newest is used
    /// again if nothing was written meanwhile.
    @Test func unreadableNewestStateMayComeBack() throws {
        let last = states.count - 1
        let listing = 1
        var fallbacks = 0
        for operation in 0...4 {
            let files = try files(upTo: last)
            let store = store(files)
            files.mishap = (listing + operation, .failure)
            let loaded = try #require(try store.load(job: 0))
            files.mishap = nil
            if loaded.state != states[last] {
                #expect(loaded.state == states[last - 1])
                #expect(loaded.warnings.contains { $0.contains("No space left on device") })
                fallbacks += 1
            }
            #expect(try self.store(files).load(job: 0)?.state == states[last])
            try store.write(states[last], job: 0)
            #expect(try self.store(files).load(job: 0)?.state == states[last])
        }
        #expect(fallbacks > 0)
    }

    /// A write that fails at any of its operations leaves the state before, and the next one goes well.
    @Test func everyFailureLeavesTheStateBefore() throws {
        for operation in 0..<(try files(upTo: states.count - 1).operations) {
            let files = Disk()
            files.mishap = (operation, .failure)
            let first = store(files)
            var failures = 0
            for (index, state) in states.enumerated() {
                do throws(CheckpointError) {
                    try first.write(state, job: 0)
                } catch {
                    failures += 1
                    #expect(error.description.hasPrefix("No checkpoint of test, seed 0, could be written. Cannot write "))
                    #expect(error.description.hasSuffix("No space left on device."))
                    files.mishap = nil
                    let found = try store(files).load(job: 0).flatMap { loaded in states.firstIndex { $0 == loaded.state } } ?? -1
                    #expect(found == index - 1 || found == index)
                    try first.write(state, job: 0)
                }
            }
            #expect(failures <= 1)
            #expect(try store(files).load(job: 0)?.state == states.last)
            #expect(!files.all.contains { $0.hasSuffix(".part") } || failures == 0)
        }
    }

    // MARK: Damage

    /// Where the newest state of ten is, and where the one before.
    private let newest = "job-0.b.safetensors"
    private let older = "job-0.a.safetensors"

    /// Expects a damaged newest state to be passed over, with one warning, which is returned.
    @discardableResult
    private func fallback(_ bytes: [UInt8], sourceLocation: SourceLocation = #_sourceLocation) throws -> String {
        let files = try files(upTo: 9)
        files.damage(newest) { _ in bytes }
        let loaded = try #require(try store(files).load(job: 0), sourceLocation: sourceLocation)
        #expect(loaded.state == states[8] && loaded.warnings.count == 1, sourceLocation: sourceLocation)
        return loaded.warnings.first ?? ""
    }

    @Test func aStateThatIsCutOffAnywhereIsPassedOver() throws {
        let bytes = try files(upTo: 9).bytes(newest)
        let files = try files(upTo: 9)
        let headerEnd = 8 + bytes[..<8].reversed().reduce(0) { $0 << 8 | Int($1) }
        let lengths = Array(0..<headerEnd) + Array(stride(from: headerEnd, to: bytes.count, by: 61)) + [bytes.count - 1]
        for length in lengths {
            files.damage(newest) { _ in Array(bytes[..<length]) }
            let loaded = try #require(try store(files).load(job: 0))
            let isOlder = loaded.state.step == states[8].step && loaded.state.chain == states[8].chain
            #expect(isOlder && loaded.warnings.count == 1 && loaded.warnings[0].hasPrefix("\(newest) cannot be used: "), "\(length) bytes")
        }
        #expect(try fallback([]).contains("The file is 0 bytes long"))
        #expect(try fallback(Array(bytes[..<headerEnd])).contains("cut off"))
    }

    @Test func aStateWithAnotherBitIsPassedOver() throws {
        let bytes = try files(upTo: 9).bytes(newest)
        let files = try files(upTo: 9)
        for bit in stride(from: 0, to: bytes.count * 8, by: 97) {
            files.damage(newest) { _ in
                var flipped = bytes
                flipped[bit / 8] ^= 1 << UInt8(bit % 8)
                return flipped
            }
            let loaded = try #require(try store(files).load(job: 0))
            let isOlder = loaded.state.chain == states[8].chain
            #expect(isOlder && loaded.warnings.count == 1, "bit \(bit)")
        }
        var last = bytes
        last[bytes.count - 1] ^= 1
        #expect(try fallback(last).contains("Its bytes are not those that were written: their CRC-32 is "))
    }

    @Test func damageToBothStatesIsAnErrorThatNamesBoth() throws {
        let files = try files(upTo: 9)
        files.damage(newest) { Array($0.dropLast()) }
        files.damage(older) { _ in [1, 2, 3] }
        let error = #expect(throws: CheckpointError.self) { try store(files).load(job: 0) }
        let text = try #require(error?.description)
        #expect(text.hasPrefix("No checkpoint of test, seed 0, can be used. job-0.a.safetensors cannot be used: The file is 3 bytes long;"))
        #expect(text.contains(" job-0.b.safetensors cannot be used: "))
        #expect(text.hasSuffix("Without these files the job would be trained from its beginning."))
    }

    @Test func parametersOfAnEpochThatAreDamagedTakeTheirStateAlong() throws {
        // Of two neighbouring states one refers to an epoch that the other does not know.
        let index = try #require(
            states.indices.dropFirst().first { states[$0 - 1].epochParameters.count < states[$0].epochParameters.count })
        let epoch = try #require(states[index].epochParameters.last?.epoch)
        for damage in [{ Array($0.dropLast()) }, { _ in nil }, { $0.map { $0 ^ 1 } }] as [([UInt8]) -> [UInt8]?] {
            let files = try files(upTo: index)
            files.damage("job-0.epoch-\(epoch).safetensors", damage)
            let loaded = try #require(try store(files).load(job: 0))
            #expect(loaded.state == states[index - 1] && loaded.warnings.count == 1)
            #expect(loaded.warnings.first?.contains("is whole, but what it refers to is not. job-0.epoch-\(epoch).safetensors ") == true)
        }
    }

    @Test func anotherRunsStateIsRefused() throws {
        let files = try files(upTo: 0)
        for (identity, text) in [
            (
                CheckpointIdentity(run: "18", datasetSHA256: Training.identity.datasetSHA256, profile: Training.identity.profile),
                "Its run is 17, and 18"
            ),
            (CheckpointIdentity(run: "17", datasetSHA256: "ab", profile: Training.identity.profile), "Its data_sha256 is"),
            (CheckpointIdentity(run: "17", datasetSHA256: Training.identity.datasetSHA256, profile: "x"), "Its profile is"),
        ] {
            let error = #expect(throws: CheckpointError.self) {
                try CheckpointStore(files: files, identity: identity, jobs: jobs).load(job: 0)
            }
            #expect(error?.description.contains(text) == true)
        }
        let shifted = CheckpointStore(files: files, identity: Training.identity, jobs: Array(jobs.dropFirst()))
        let error = #expect(throws: CheckpointError.self) { try shifted.load(job: 0) }
        #expect(error?.description.contains("Its seed is 0, and 1 is needed here.") == true)
    }
}
