package import CNNCore
package import Coordinator
package import Datasets
import Digests
package import Reports
package import Studies

/// Compares what a run's directory says of a job with what the job's training gives.
package struct JobVerification: Sendable {
    /// What of a job is computed again and compared.
    package enum Scope: Sendable, Hashable {
        /// All that is recorded: each step, each epoch, and for a finished job each of its files.
        case whole
        /// One step, from 1.
        case step(Int)
        /// One epoch, from 1: its steps and its figures.
        case epoch(Int)
    }

    /// What was found to be right.
    package struct Finding: Sendable {
        /// A sentence about it.
        package let sentence: String
        /// The job's outcome, if all of it was computed.
        package let run: FinishedRun?
    }

    private let directory: RunDirectory
    private let study: Study
    private let dataset: Dataset
    private let instructionSet: InstructionSet

    package init(_ directory: RunDirectory, study: Study, dataset: Dataset, instructionSet: InstructionSet) {
        self.directory = directory
        self.study = study
        self.dataset = dataset
        self.instructionSet = instructionSet
    }

    /// Verifies a job.
    ///
    /// - Parameter checkpoint: The job's last state, if there is one: the record of a job that has not finished, and a place to begin at for a later step.
    /// - Throws: ``VerificationFailure`` for the first difference, and what stands in the way.
    package func verify(_ job: TrainingJob, _ scope: Scope, checkpoint: JobState?) throws -> Finding {
        guard let record = try directory.recordedChain(of: job) ?? checkpoint?.chain else {
            throw VerificationFailure("there is no record of it: neither a chain of steps nor a checkpoint.")
        }
        let stepsPerEpoch = job.stepsPerEpoch
        let steps: Range<Int>
        switch scope {
        case .whole: steps = 0..<record.count
        case .step(let step): steps = step - 1..<step
        case .epoch(let epoch): steps = (epoch - 1) * stepsPerEpoch..<epoch * stepsPerEpoch
        }
        guard steps.lowerBound >= 0, steps.upperBound <= record.count else {
            throw VerificationFailure(
                "there is no record of \(scope.name): \(record.count) steps are recorded, \(record.count / stepsPerEpoch) whole epochs.")
        }
        let start = checkpoint.flatMap { $0.step <= steps.lowerBound && scope != .whole ? $0 : nil }
        let training = try SoloTraining(job, on: dataset, instructionSet: instructionSet, from: start)
        guard training.chain.origin == record.origin else {
            throw VerificationFailure(
                "its record was begun with other data, another model, another seed or other settings than the run names, or by a release that records steps otherwise."
            )
        }
        try compare(training, with: record, upTo: steps.upperBound, stepsPerEpoch: stepsPerEpoch)
        switch scope {
        case .step(let step):
            return Finding(sentence: "step \(step) is what its training gives: link \(record[step - 1].hexString).", run: nil)
        case .epoch(let epoch): return try verifyEpoch(epoch, of: training, job, checkpoint)
        case .whole: return try verifyEnd(of: training, job, record, checkpoint)
        }
    }

    /// Trains up to a step, and compares each link on the way, also those before a checkpoint.
    private func compare(_ training: SoloTraining, with record: StepChain, upTo end: Int, stepsPerEpoch: Int) throws {
        var compared = 0
        while compared < end {
            while compared < min(training.chain.count, end) {
                guard training.chain[compared] == record[compared] else {
                    let place = "step \(compared + 1) (step \(compared % stepsPerEpoch + 1) of epoch \(compared / stepsPerEpoch + 1))"
                    throw VerificationFailure(
                        "\(place) differs: the record's link is \(record[compared].hexString), and training gives \(training.chain[compared].hexString)."
                    )
                }
                compared += 1
            }
            if compared < end, try !training.advance() {
                throw VerificationFailure("its record has \(record.count) steps, and its training has \(training.chain.count).")
            }
        }
    }

    private func verifyEpoch(_ epoch: Int, of training: SoloTraining, _ job: TrainingJob, _ checkpoint: JobState?) throws -> Finding {
        while training.epochs.count < epoch, try training.advance() {}
        let computed = training.epochs.first { $0.epoch == epoch }
        let recorded = try directory.recordedEpochs(of: job) ?? checkpoint?.epochs.map(epochRow)
        guard let computed, let row = recorded?.first(where: { $0.first == "\(epoch)" }) else {
            throw VerificationFailure("there is no record of the figures of epoch \(epoch).")
        }
        let expected = epochRow(computed)
        guard row == expected else {
            throw VerificationFailure(
                "the figures of epoch \(epoch) differ: the record has \(row.joined(separator: ",")), and training gives \(expected.joined(separator: ","))."
            )
        }
        return Finding(sentence: "epoch \(epoch) is what its training gives, each step and each figure: \(epochLine(computed))", run: nil)
    }

    private func verifyEnd(of training: SoloTraining, _ job: TrainingJob, _ record: StepChain, _ checkpoint: JobState?) throws -> Finding {
        guard try directory.recordedChain(of: job) != nil else {
            for epoch in checkpoint?.epochs ?? [] { _ = try verifyEpoch(epoch.epoch, of: training, job, checkpoint) }
            return Finding(sentence: "the \(record.count) steps that it has trained so far are what its training gives.", run: nil)
        }
        while try training.advance() {}
        guard let outcome = training.outcome else { throw VerificationFailure("its training does not end.") }
        let run = FinishedRun(job: job, outcome: outcome)
        for file in RunDirectory.files(of: run, study: study, dataset: dataset) {
            guard let bytes = try directory.contents(ofFile: file.name) else { throw VerificationFailure("\(file.name) is missing.") }
            if let place = difference(bytes, file.bytes, isText: !file.name.hasSuffix(".safetensors")) {
                throw VerificationFailure("\(file.name) is not what its training gives: it differs \(place).")
            }
        }
        guard outcome.chain == record else {
            throw VerificationFailure("its record has \(record.count) steps, and its training has \(outcome.chain.count).")
        }
        return Finding(
            sentence:
                "all \(record.count) steps and all files are what its training gives; weights SHA-256 \(weightsSHA256(outcome.finalParameters)).",
            run: run)
    }

    /// Where two files differ first, in words; nil if they do not.
    private func difference(_ left: [UInt8], _ right: [UInt8], isText: Bool) -> String? {
        guard left != right else { return nil }
        let offset = zip(left, right).prefix { $0 == $1 }.count
        return isText ? "in line \(left[..<offset].count { $0 == UInt8(ascii: "\n") } + 1)" : "at byte \(offset)"
    }
}

extension JobVerification.Scope {
    fileprivate var name: String {
        switch self {
        case .whole: "the run"
        case .step(let step): "step \(step)"
        case .epoch(let epoch): "epoch \(epoch)"
        }
    }
}

/// Something recorded that is not what its training gives.
package struct VerificationFailure: Error, Hashable, CustomStringConvertible {
    /// The end of a sentence about the job.
    package let description: String

    init(_ description: String) { self.description = description }
}
