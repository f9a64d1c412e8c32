import CNNCore

extension JobState {
    /// Checks that a state is one that a job can have come to, so that nothing that was read from a file can do harm.
    ///
    /// - Parameter origin: The origin of the job's chain.
    /// - Throws: ``JobError`` that says what does not fit.
    func check(as job: TrainingJob, stepsPerEpoch: Int, origin: [UInt8]) throws(JobError) {
        func require(_ condition: Bool, _ what: @autoclosure () -> String) throws(JobError) {
            guard condition else {
                throw JobError(description: "The saved state of \(job.experiment) with seed \(job.seed) does not fit: \(what()).")
            }
        }
        let parameterCount = job.model.parameterCount
        let steps = stepsPerEpoch * job.epochs
        try require((0...steps).contains(step), "it has trained \(step) steps, and the job has \(steps)")
        try require(
            chain.origin == origin,
            "its chain of steps begins with other data, another model or other settings than this job, or is of a release that records steps otherwise"
        )
        try require(
            [parameters, optimizer.firstMoment, optimizer.secondMoment].allSatisfy { $0.count == parameterCount },
            "the model has \(parameterCount) parameters, and it holds another number of them or of their moments")
        try require(
            optimizer.stepCount == step && stepLosses.count == step && chain.links.count == step * StepChain.linkSize,
            "it has trained \(step) steps, but its optimiser counts \(optimizer.stepCount), and it holds \(stepLosses.count) losses and \(chain.count) links"
        )
        if let loss = stepLosses.last {
            try require(
                chain.link(of: step - 1, loss: loss, parameters: FloatVector(parameters)) == Array(chain[step - 1]),
                "its parameters are not those that the last link of its chain of steps names")
        }
        try checkPasses(of: job, trained: step / stepsPerEpoch, require)
        let places = step == steps ? job.trainingImages.count : step % stepsPerEpoch * job.batchSize
        try require((0...places).contains(correctInEpoch), "it counts \(correctInEpoch) correct samples of \(places)")
        for epoch in passes.map({ $0.epoch(of: job) }) + [bestEpoch].compactMap({ $0 }) {
            try require(
                parameters(afterEpoch: epoch)?.count == parameterCount, "it lacks the \(parameterCount) parameters after epoch \(epoch)")
        }
    }

    /// Checks that the epochs and the passes behind them are those of so many trained epochs.
    private func checkPasses(
        of job: TrainingJob, trained: Int, _ require: (Bool, @autoclosure () -> String) throws(JobError) -> Void
    ) throws(JobError) {
        try require(epochs.map(\.epoch) == Array(1..<epochs.count + 1), "its epochs are not numbered from 1")
        var expected: [Int?] = epochs.count < trained ? Array(epochs.count + 1...trained) : []
        if trained == job.epochs { expected.append(nil) }
        let present = passes.map { pass -> Int? in if case .validation(let epoch, _, _) = pass.purpose { epoch } else { nil } }
        try require(
            epochs.count <= trained && present == expected,
            "\(trained) epochs are trained and \(epochs.count) validated, and its open passes are not those that remain")
        for pass in passes {
            let images = pass.images(of: job)
            let sizes = stride(from: 0, to: images.count, by: job.evaluationBatchSize).map {
                min(job.evaluationBatchSize, images.count - $0)
            }
            try require(pass.batches.count == sizes.count, "a pass has \(pass.batches.count) batches instead of \(sizes.count)")
            for (batch, size) in zip(pass.batches, sizes) {
                guard let batch else { continue }
                try require(
                    batch.predictions.count == size && batch.predictions.allSatisfy { $0 < UInt32(job.model.classes) },
                    "a batch of a pass does not have \(size) predictions of \(job.model.classes) classes")
            }
        }
    }
}

extension JobState.Pass {
    /// The epoch whose parameters are evaluated.
    package func epoch(of job: TrainingJob) -> Int {
        switch purpose {
        case .validation(let epoch, _, _): epoch
        case .test: job.epochs
        }
    }

    /// The images that are evaluated on.
    package func images(of job: TrainingJob) -> Range<Int> {
        switch purpose {
        case .validation: job.validationImages
        case .test: job.testImages
        }
    }
}
