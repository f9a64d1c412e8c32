/// A decoder under test: valid inputs, a way to damage them, and what must hold of what it takes.
struct DecoderTarget: FuzzTarget {
    let name: String
    let share: Int
    /// Inputs as the program itself writes them, each of one frame or file or more. They must be accepted.
    let corpus: [[[UInt8]]]
    /// Damages an input; the partner is another one, to take parts of.
    let mutate: (_ input: inout [[UInt8]], _ partner: [[UInt8]], _ random: inout CaseRandom) -> Void
    /// Decodes an input and checks the value; throws ``Finding`` where a property does not hold, and whatever the decoder throws.
    let decode: (_ input: [[UInt8]]) throws -> Void

    func run(_ random: inout CaseRandom, trace: Trace?) throws(Finding) -> FuzzOutcome {
        var input = random.pick(corpus)
        let isIntact = random.oneIn(64)
        if !isIntact { mutate(&input, random.pick(corpus), &random) }
        trace?(isIntact ? "intact input" : "damaged input", input)
        do {
            try decode(input)
            return .accepted
        } catch let finding as Finding {
            throw finding
        } catch {
            try requireSentence("\(error)")
            try require(!isIntact, "an input that the program wrote itself is refused: \(error)")
            return .refused
        }
    }
}

/// All targets.
///
/// - Parameter scratch: A directory for the files of those that read files.
package func fuzzTargets(scratch: String) throws -> [any FuzzTarget] {
    try [
        workerMessageTarget(), coordinatorMessageTarget(), jsonTarget(), safetensorsTarget(),
        idxTarget(name: "idx-images", dimensions: [3, 4, 5], scratch: scratch),
        idxTarget(name: "idx-labels", dimensions: [40], scratch: scratch),
        datasetTarget(scratch: scratch), CoordinatorTarget(), WorkerTarget(), DirectMessageTarget(),
        MessageQueueTarget(), checkpointTarget(), runRecordTarget(), chainTarget(),
    ]
}
