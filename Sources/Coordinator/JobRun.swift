import CNNCore
import Datasets
import RandomStreams
import Tracing
import TrainingProtocol

/// How far a job has come. It depends on the results it is given alone, not on who computed them or in which order they came.
final class JobRun {
    let index: Int
    let job: TrainingJob
    private let dataset: Dataset
    private let instructionSet: InstructionSet
    private let trace: TraceRecorder?
    private let tensors: CoordinatorTensors
    private let stepsPerEpoch: Int
    /// Multiplications of one sample's forward pass, about: the unit of the work that remains.
    private let sampleCost: Double

    private var generator: MersenneTwister
    /// The generator as it was before it drew the current epoch's order.
    private var generatorOfEpoch: MersenneTwister
    private var optimizer: Adam
    private var parameters: FloatVector
    /// Where the current step's Adam will write, once that is settled.
    private var updatedDraft: FrameDraft?
    /// Steps trained.
    private(set) var step = 0
    /// Samples of the current epoch in their order, as indices into the job's training images.
    private var order: [Int] = []
    private var lossOfEpoch = 0.0
    private var correctInEpoch = 0
    private var batch: MiniBatch?
    /// The loss of the last step while that is missing in the chain.
    private var unlinkedLoss: Float?

    /// Passes by number; finished ones have given way to nil.
    private var passes: [EvaluationPass?] = []
    private var firstOpenPass = 0

    private var stepLosses: [Float] = []
    private var epochs: [EpochRecord] = []
    /// The parameters after the best epoch so far.
    private var bestParameters: FloatVector?
    private var chain: StepChain
    /// The test's results, once the job is done.
    private var finishedTest: EvaluationPass?
    /// Results taken so far, and how many of them the last checkpoint holds; and when that was made.
    private(set) var progress = 0
    var savedProgress = 0
    var lastCheckpoint: Duration?
    private(set) var isOver = false

    /// A step's mini-batch while it is trained on.
    private struct MiniBatch {
        /// The samples' places in the epoch's order.
        let samples: Range<Int>
        var sum: TreeSum
        /// Quanta that nobody works on, as aligned subtrees.
        var ready: [Range<Int>]
        /// Whose results are in the sum.
        var contributors: [PeerID] = []
    }

    /// - Parameter tensors: The data set's images, and where parameters are made.
    init(
        index: Int, job: TrainingJob, dataset: Dataset, instructionSet: InstructionSet, trace: TraceRecorder?, tensors: CoordinatorTensors
    ) {
        self.index = index
        self.job = job
        self.dataset = dataset
        self.instructionSet = instructionSet
        self.trace = trace
        self.tensors = tensors
        stepsPerEpoch = job.stepsPerEpoch
        let model = job.model
        let taps = model.kernelSize * model.kernelSize * (model.firstChannels + model.firstChannels * model.secondChannels)
        sampleCost = Double(model.height * model.width * taps + model.classes * model.features)
        generator = MersenneTwister(seed: job.seed)
        generatorOfEpoch = generator
        let initialParameters = model.channelsLast(model.initialParameters(from: &generator))
        parameters = FloatVector(initialParameters)
        optimizer = Adam(job.optimizer, count: parameters.count, instructionSet: instructionSet)
        chain = StepChain(job: job, dataset: dataset, initialParameters: initialParameters)
        beginEpoch()
    }

    private var totalSteps: Int { stepsPerEpoch * job.epochs }
    private var isTrained: Bool { step == totalSteps }

    // MARK: What remains

    /// The work that remains, in multiplications, about: a training step costs some three forward passes, fewer as the backward pass is sparse.
    var remainingCost: Double {
        let training = Double(totalSteps - step) * Double(job.batchSize) * 2
        let passesToCome = job.epochs - step / max(1, stepsPerEpoch)
        var samples = passesToCome * job.validationImages.count + (isTrained ? 0 : job.testImages.count)
        for pass in passes[firstOpenPass...] { samples += pass?.remainingSamples ?? 0 }
        return (training + Double(samples)) * sampleCost
    }

    /// What a task costs, in the unit of `remainingCost`.
    func cost(samples: Int, kind: PieceKind) -> Double { Double(samples) * sampleCost * (kind == .train ? 2 : 1) }

    /// How soon a job's ready work should be done, before the amount of work that remains is looked at.
    enum Urgency: Int, Comparable {
        /// Nothing waits for it: an evaluation while training goes on.
        case low
        /// The job's end waits for it.
        case normal
        /// An evaluation that has been put off for long; its epoch's line should appear.
        case overdue

        static func < (left: Self, right: Self) -> Bool { left.rawValue < right.rawValue }
    }

    /// Steps of its job after which an evaluation is overdue.
    private static let evaluationPatience = 32

    /// The urgency of the job's most urgent piece of work that nobody works on, or nil if there is none.
    var readyUrgency: Urgency? {
        if isOver { return nil }
        let pass = readyPass
        if let pass, let begun = passes[pass]?.step, !isTrained, step - begun >= Self.evaluationPatience { return .overdue }
        if hasReadyQuanta || (pass != nil && isTrained) { return .normal }
        return pass == nil ? nil : .low
    }

    private var hasReadyQuanta: Bool { !(batch?.ready.isEmpty ?? true) }

    /// The first pass that has a batch nobody works on.
    private var readyPass: Int? {
        for number in firstOpenPass..<passes.count where passes[number]?.hasReadyBatch ?? false { return number }
        return nil
    }

    // MARK: Giving work away

    /// Takes the job's most urgent ready piece; a mini-batch that nobody has begun is cut into about `parts` subtrees, of which this is the first.
    func takeReadyTask(parts: Int) -> PieceTask? {
        if isOver { return nil }
        if hasReadyQuanta, readyUrgency != .overdue { return takeReadyQuanta(parts: parts) }
        guard let pass = readyPass, let number = passes[pass]?.takeReadyBatch() else { return takeReadyQuanta(parts: parts) }
        return .evaluation(pass: pass, batch: number)
    }

    private func takeReadyQuanta(parts: Int) -> PieceTask? {
        guard let current = batch, !current.ready.isEmpty else { return nil }
        let count = Quanta.count(samples: current.samples.count)
        if parts > 1, current.ready == [0..<count] {
            batch?.ready = CanonicalTree.subtrees(count: count, parts: parts).reversed()
        }
        guard let quanta = batch?.ready.popLast() else { return nil }
        return .training(step: step, quanta: quanta)
    }

    /// The tasks of the step after the current one, which begins once the results of all that was given away are there; nil if something else will be next.
    ///
    /// - Parameter parts: into about how many subtrees the mini-batch will be cut.
    func tasksOfNextStep(parts: Int) -> [PieceTask]? {
        guard !isOver, let current = batch, current.ready.isEmpty, (step + 1) % stepsPerEpoch != 0 else { return nil }
        let count = Quanta.count(samples: samples(ofStep: step + 1).count)
        return CanonicalTree.subtrees(count: count, parts: parts).map { .training(step: step + 1, quanta: $0) }
    }

    /// Takes back a task whose worker is lost.
    func requeue(_ task: PieceTask) {
        if isOver { return }
        switch task {
        case .training(_, let quanta): batch?.ready.append(quanta)
        case .evaluation(let pass, let number): passes[pass]?.requeue(batch: number)
        }
    }

    /// Begins the current step anew if a worker has had a part in it; its open tasks are void then.
    ///
    /// - Returns: The step, if it was begun anew.
    func restartStep(withoutWorkOf contributor: PeerID) -> Int? {
        guard !isOver, batch?.contributors.contains(contributor) ?? false else { return nil }
        beginStep()
        return step
    }

    /// Has the batches evaluated anew that a worker has evaluated in passes which are not done.
    func requeueEvaluations(by contributor: PeerID) {
        if isOver { return }
        for pass in passes.indices { passes[pass]?.requeueBatches(by: contributor) }
    }

    /// Names the parameters that a task needs: a job's parameters after some step.
    func parametersID(of task: PieceTask) -> UInt64 {
        let step =
            switch task {
            case .training(let step, _): step
            case .evaluation(let pass, _): passes[pass]?.step ?? 0
            }
        return UInt64(index + 1) << 32 | UInt64(step)
    }

    /// The parameters that a task needs, as they are sent; those of a task of the next step are still to be written.
    func parameters(of task: PieceTask) -> Frame {
        switch task {
        case .evaluation(let pass, _): Frame(passes[pass]?.parameters ?? parameters)
        case .training(step, _): Frame(parameters)
        case .training: draftOfUpdate().frame
        }
    }

    private func draftOfUpdate() -> FrameDraft {
        let draft = updatedDraft ?? tensors.makeFrame(parameters.count * MemoryLayout<Float>.size)
        updatedDraft = draft
        return draft
    }

    /// A task's images and labels, and where they stand in their mini-batch.
    func samples(of task: PieceTask) -> TaskSamples {
        switch task {
        case .training(let step, let quanta):
            return TaskSamples(
                images: tensors.trainImages, labels: dataset.train.labels, batch: order[samples(ofStep: step)], quanta: quanta,
                offset: job.trainingImages.lowerBound)
        case .evaluation(let pass, let number):
            let batch = passes[pass]?.images(of: number) ?? 0..<0
            if case .test? = passes[pass]?.purpose {
                return TaskSamples(images: tensors.testImages, labels: dataset.test.labels, batch: batch)
            }
            return TaskSamples(images: tensors.trainImages, labels: dataset.train.labels, batch: batch)
        }
    }

    /// Adds the last step to the chain, if it is not there; the parameters must be those after it still, and are best read while they are in the cache.
    ///
    /// - Returns: Whether that was to be done.
    @discardableResult func linkLastStep() -> Bool {
        guard let loss = unlinkedLoss else { return false }
        unlinkedLoss = nil
        trace.recording(.link, job: index, step: step - 1) { chain.append(loss: loss, parameters: parameters) }
        return true
    }

    /// The places of a step's samples in the order of the current epoch, whose step it is.
    private func samples(ofStep step: Int) -> Range<Int> {
        let start = (step % stepsPerEpoch) * job.batchSize
        return start..<min(start + job.batchSize, order.count)
    }

    // MARK: Taking results

    /// Takes a subtree's sums; with the last one of the mini-batch the step is done.
    ///
    /// - Parameter contributor: Who computed them, if it was a worker.
    /// - Returns: What there is to tell.
    /// - Throws: ``NonFiniteGradient`` when the sum of finite gradients is not finite; the job has failed then.
    func complete(
        quanta: Range<Int>, with result: consuming GradientSum, by contributor: PeerID?
    ) throws(NonFiniteGradient) -> [TrainingObservation] {
        progress += 1
        if let contributor, batch?.contributors.contains(contributor) == false { batch?.contributors.append(contributor) }
        let start = trace.now
        batch?.sum.add(result, for: quanta)
        trace?.record(.reduce, since: start, job: index, step: step)
        guard let total = batch?.sum.take(), let batch else { return [] }
        let samples = batch.samples
        self.batch = nil
        linkLastStep()
        parameters = try trace.recording(.adam, job: index, step: step) { () throws(NonFiniteGradient) in
            try updatedParameters(total, sampleCount: samples.count)
        }
        // As the notebook has it: the mean as the 32-bit float that PyTorch makes of it, weighted by the batch's size in 64 bits.
        let loss = Float(total.sum.lossSum / Double(samples.count))
        lossOfEpoch += Double(loss) * Double(samples.count)
        correctInEpoch += total.sum.correct
        stepLosses.append(loss)
        unlinkedLoss = loss
        let finished = TrainingObservation.stepFinished(job: index, step: step, loss: loss)
        step += 1
        if step % stepsPerEpoch == 0 { endEpoch() } else { beginStep() }
        return [finished]
    }

    /// The parameters after another step.
    private func updatedParameters(_ total: TreeSum.Total, sampleCount: Int) throws(NonFiniteGradient) -> FloatVector {
        let draft = draftOfUpdate()
        updatedDraft = nil
        try optimizer.step(from: parameters, to: draft.bytes.bindMemory(to: Float.self), against: total, sampleCount: sampleCount)
        return draft.frame.vector()
    }

    /// Takes a batch of evaluation; with the last one of the pass, and all passes before it done, its record is due.
    ///
    /// - Parameter contributor: Who computed it, if it was a worker.
    func complete(pass: Int, batch: Int, with result: EvaluationResult, by contributor: PeerID?) -> [TrainingObservation] {
        progress += 1
        passes[pass]?.complete(batch: batch, with: result, by: contributor)
        return closeCompletePasses()
    }

    private func closeCompletePasses() -> [TrainingObservation] {
        var observations: [TrainingObservation] = []
        while firstOpenPass < passes.count, let first = passes[firstOpenPass], first.isComplete {
            passes[firstOpenPass] = nil
            firstOpenPass += 1
            observations.append(close(first))
        }
        return observations
    }

    func fail() { isOver = true }

    private func beginEpoch() {
        generatorOfEpoch = generator
        order = LoaderDraws.trainingEpochOrder(count: job.trainingImages.count, generator: &generator)
        lossOfEpoch = 0
        correctInEpoch = 0
        beginStep()
    }

    private func beginStep() {
        let samples = samples(ofStep: step)
        let count = Quanta.count(samples: samples.count)
        batch = MiniBatch(samples: samples, sum: TreeSum(count: count, instructionSet: instructionSet), ready: [0..<count])
    }

    private func endEpoch() {
        let count = Double(job.trainingImages.count)
        let purpose = EvaluationPurpose.validation(
            epoch: step / stepsPerEpoch, trainLoss: lossOfEpoch / count, trainAccuracy: Double(correctInEpoch) / count)
        begin(purpose, images: job.validationImages)
        if isTrained { begin(.test, images: job.testImages) } else { beginEpoch() }
    }

    private func begin(_ purpose: EvaluationPurpose, images: Range<Int>) {
        LoaderDraws.sequentialPass(generator: &generator)
        // A copy: a pass, and the best epoch, may keep them for long, and the places where parameters are sent from are few.
        let parameters = parameters.withUnsafeBufferPointer { FloatVector(copying: $0) }
        passes.append(
            EvaluationPass(purpose: purpose, step: step, parameters: parameters, images: images, batchSize: job.evaluationBatchSize))
    }

    private func close(_ pass: EvaluationPass) -> TrainingObservation {
        switch pass.purpose {
        case .validation(let epoch, let trainLoss, let trainAccuracy):
            let (loss, confusion) = pass.summary(of: dataset.train, classes: job.model.classes)
            let record = EpochRecord(
                epoch: epoch, trainLoss: trainLoss, trainAccuracy: trainAccuracy, validationLoss: loss,
                validationAccuracy: Double(confusion.correct) / Double(pass.images.count))
            epochs.append(record)
            if epochs.best?.epoch == epoch { bestParameters = pass.parameters }
            return .epochFinished(job: index, record)
        case .test:
            isOver = true
            finishedTest = pass
            linkLastStep()
            let (loss, confusion) = pass.summary(of: dataset.test, classes: job.model.classes)
            return .jobFinished(
                job: index,
                TrainingOutcome(
                    epochs: epochs, stepLosses: stepLosses, testLoss: loss, confusionMatrix: confusion,
                    finalParameters: job.model.channelsFirst(pass.parameters.array),
                    bestParameters: job.model.channelsFirst((bestParameters ?? pass.parameters).array), chain: chain))
        }
    }
}

// MARK: Saving and restoring

extension JobRun {
    /// How far the job has come.
    var state: JobState {
        linkLastStep()
        let open = (passes[firstOpenPass...] + [finishedTest]).compactMap { $0 }
        var epochParameters = open.map { JobState.EpochParameters(epoch: $0.step / stepsPerEpoch, parameters: $0.parameters.array) }
        var state = JobState(
            step: step, parameters: parameters.array, optimizer: optimizer.state, generator: generatorOfEpoch, lossOfEpoch: lossOfEpoch,
            correctInEpoch: correctInEpoch, stepLosses: stepLosses, chain: chain, epochs: epochs,
            passes: open.map { JobState.Pass(purpose: $0.purpose, batches: $0.batches) }, epochParameters: [])
        if let bestParameters, let epoch = state.bestEpoch {
            epochParameters.insert(JobState.EpochParameters(epoch: epoch, parameters: bestParameters.array), at: 0)
        }
        for entry in epochParameters where state.parameters(afterEpoch: entry.epoch) == nil { state.epochParameters.append(entry) }
        return state
    }

    /// Takes up a job where it was saved.
    ///
    /// - Returns: What there is to tell of it: its epochs, and its outcome if it had finished.
    /// - Throws: ``JobError`` if the state is not this job's, or contradicts itself; the job is unchanged then.
    func restore(_ state: JobState) throws(JobError) -> [TrainingObservation] {
        try state.check(as: job, stepsPerEpoch: stepsPerEpoch, origin: chain.origin)
        step = state.step
        parameters = FloatVector(state.parameters)
        optimizer.state = state.optimizer
        stepLosses = state.stepLosses
        chain = state.chain
        unlinkedLoss = nil
        epochs = state.epochs
        bestParameters = state.bestEpoch.flatMap { state.parameters(afterEpoch: $0) }.map { FloatVector($0) }
        passes = Array(repeating: nil, count: epochs.count)
        firstOpenPass = epochs.count
        for saved in state.passes {
            let epoch = saved.epoch(of: job)
            var pass = EvaluationPass(
                purpose: saved.purpose, step: epoch * stepsPerEpoch, parameters: FloatVector(state.parameters(afterEpoch: epoch) ?? []),
                images: saved.images(of: job), batchSize: job.evaluationBatchSize)
            pass.restore(saved.batches)
            passes.append(pass)
        }
        generator = state.generator
        batch = nil
        if isTrained { generatorOfEpoch = generator } else { beginEpoch() }
        lossOfEpoch = state.lossOfEpoch
        correctInEpoch = state.correctInEpoch
        return epochs.map { .epochFinished(job: index, $0) } + closeCompletePasses()
    }
}
