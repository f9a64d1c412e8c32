package import Coordinator

/// A job's state as it was found.
package struct LoadedCheckpoint: Sendable {
    package let state: JobState
    /// Sentences about damage in spite of which there is a state.
    package let warnings: [String]
}

/// Keeps the states of a run's jobs in files, two generations of each: whatever happens while one is written, the other is whole.
///
/// A job's files: `job-<index>.a.safetensors` and `.b.`, its two last states, and `job-<index>.epoch-<n>.safetensors`, the parameters after epochs that these
/// states refer to, which never change. Not Sendable: one thread owns it.
package final class CheckpointStore {
    private let files: any DurableFiles
    private let identity: CheckpointIdentity
    private let jobs: [TrainingJob]
    private var kept: [Kept]

    /// What is known of a job's files.
    private struct Kept {
        /// The slot with the newest usable state.
        var newest: Int?
        var sequence: UInt64 = 0
        /// The epochs that each slot's state refers to.
        var references: [[Int]] = [[], []]
        /// The epochs whose file is known to be whole and durable.
        var wholeEpochs: [Int] = []
        /// The epochs that there is a file of, whole or not.
        var epochFiles: [Int] = []
    }

    /// - Parameters:
    ///   - identity: What is written must say, and what is read must have.
    ///   - jobs: The run's jobs; states are named by their index here.
    package init(files: any DurableFiles, identity: CheckpointIdentity, jobs: [TrainingJob]) {
        self.files = files
        self.identity = identity
        self.jobs = jobs
        kept = Array(repeating: Kept(), count: jobs.count)
    }

    // MARK: Writing

    /// Writes a job's state; when this returns, it outlasts a crash.
    ///
    /// - Throws: ``CheckpointError`` when it cannot be written. The state written before is still there then.
    package func write(_ state: JobState, job: Int) throws(CheckpointError) {
        do throws(FileFailure) {
            try writeEpochs(of: state, job)
            let slot = kept[job].newest == 0 ? 1 : 0
            let file = StateFile(sequence: kept[job].sequence + 1, state: state)
            try files.replace(Self.name(job, slot), file.bytes(job: jobs[job], identity: identity))
            try files.synchronizeDirectory()
            kept[job].newest = slot
            kept[job].sequence = file.sequence
            kept[job].references[slot] = file.neededEpochs(of: jobs[job])
        } catch {
            throw CheckpointError("No checkpoint of \(jobs[job].experiment), seed \(jobs[job].seed), could be written. \(error)")
        }
        removeUnusedEpochs(job)
    }

    private func writeEpochs(of state: JobState, _ job: Int) throws(FileFailure) {
        let missing = state.epochParameters.filter { !kept[job].wholeEpochs.contains($0.epoch) }
        for entry in missing {
            try files.replace(Self.name(job, epoch: entry.epoch), EpochFile.bytes(entry, job: jobs[job], identity: identity))
            if !kept[job].epochFiles.contains(entry.epoch) { kept[job].epochFiles.append(entry.epoch) }
        }
        guard !missing.isEmpty else { return }
        // Before the state that refers to them.
        try files.synchronizeDirectory()
        kept[job].wholeEpochs += missing.map(\.epoch)
    }

    private func removeUnusedEpochs(_ job: Int) {
        let used = kept[job].references.joined()
        for epoch in kept[job].epochFiles where !used.contains(epoch) {
            // One that cannot be removed does no harm; the next checkpoint tries again.
            guard (try? files.remove(Self.name(job, epoch: epoch))) != nil else { continue }
            kept[job].epochFiles.removeAll { $0 == epoch }
            kept[job].wholeEpochs.removeAll { $0 == epoch }
        }
    }

    // MARK: Reading

    /// Reads a job's newest state that is whole. To be called before the job's first ``write(_:job:)``, if there may be files.
    ///
    /// - Returns: Nil if no state was ever written.
    /// - Throws: ``CheckpointError`` when there are states, and each is damaged or another run's, or when the files cannot be read.
    package func load(job: Int) throws(CheckpointError) -> LoadedCheckpoint? {
        kept[job] = Kept()
        let names = try reading { () throws(FileFailure) in try files.list() }.sorted()
        kept[job].epochFiles = names.compactMap { Self.epoch(in: $0, job) }
        var states: [(slot: Int, file: StateFile)] = []
        var faults: [String] = []
        for slot in 0..<2 where names.contains(Self.name(job, slot)) {
            do throws(CheckpointError) {
                let file = try read(Self.name(job, slot)) { bytes throws(CheckpointError) in
                    try StateFile(parsing: bytes, job: jobs[job], identity: identity)
                }
                kept[job].references[slot] = file.neededEpochs(of: jobs[job])
                states.append((slot, file))
            } catch {
                faults.append(error.description)
            }
        }
        for (slot, var file) in states.sorted(by: { $0.file.sequence > $1.file.sequence }) {
            do throws(CheckpointError) {
                for epoch in file.neededEpochs(of: jobs[job]) {
                    let entry = try read(Self.name(job, epoch: epoch)) { bytes throws(CheckpointError) in
                        try EpochFile.parse(bytes, epoch: epoch, job: jobs[job], identity: identity)
                    }
                    file.state.epochParameters.append(entry)
                }
            } catch {
                faults.append("\(Self.name(job, slot)) is whole, but what it refers to is not. \(error)")
                kept[job].references[slot] = []
                continue
            }
            kept[job].newest = slot
            kept[job].sequence = file.sequence
            kept[job].wholeEpochs = file.state.epochParameters.map(\.epoch)
            return LoadedCheckpoint(state: file.state, warnings: faults)
        }
        if faults.isEmpty { return nil }
        throw CheckpointError(
            "No checkpoint of \(jobs[job].experiment), seed \(jobs[job].seed), can be used. \(faults.joined(separator: " ")) "
                + "Without these files the job would be trained from its beginning.")
    }

    private func read<Value>(
        _ name: String, _ parse: ([UInt8]) throws(CheckpointError) -> Value
    ) throws(CheckpointError) -> Value {
        guard let bytes = try reading({ () throws(FileFailure) in try files.read(name) }) else {
            throw CheckpointError("\(name) is missing.")
        }
        do throws(CheckpointError) { return try parse(bytes) } catch { throw CheckpointError("\(name) cannot be used: \(error)") }
    }

    private func reading<Value>(_ body: () throws(FileFailure) -> Value) throws(CheckpointError) -> Value {
        do throws(FileFailure) { return try body() } catch { throw CheckpointError(error.description) }
    }

    // MARK: Names

    private static func name(_ job: Int, _ slot: Int) -> String { "job-\(job).\(slot == 0 ? "a" : "b").safetensors" }

    private static func name(_ job: Int, epoch: Int) -> String { "job-\(job).epoch-\(epoch).safetensors" }

    private static func epoch(in name: String, _ job: Int) -> Int? {
        let (prefix, suffix) = ("job-\(job).epoch-", ".safetensors")
        guard name.hasPrefix(prefix), name.hasSuffix(suffix), name.count > prefix.count + suffix.count else { return nil }
        return Int(name.dropFirst(prefix.count).dropLast(suffix.count))
    }
}
