package import CNNCore
package import Datasets
package import TrainingProtocol

/// The transport's name for a connection: ROUTER's routing id. A worker that connects anew has a new one.
package struct PeerID: Sendable, Hashable {
    package let bytes: [UInt8]

    package init(_ bytes: [UInt8]) { self.bytes = bytes }
}

/// What happens to a coordinator.
package enum CoordinatorEvent: Sendable {
    /// A message arrived; whatever it holds.
    case received(from: PeerID, frames: [Frame])
    /// A message arrived that the transport could not read.
    case unreadable(from: PeerID, ProtocolViolation)
    /// A message could not be delivered: the peer is gone, or takes nothing any more.
    case undeliverable(to: PeerID)
    /// A connection was closed, nobody knows whose. Comes soon after it was.
    case connectionClosed
    /// A child process ended, with the cause in words, such as `was killed by signal 9`.
    case processEnded(host: String, processID: UInt32, cause: String)
    /// The run is to end now, with the reason in a sentence.
    case stopRequested(String)
    /// Time has passed. Comes at least every quarter of a heartbeat interval.
    case tick
}

/// Where a coordinator's tensors are.
package struct CoordinatorTensors {
    /// The images for training and validation, a row each.
    package let trainImages: RowTable
    /// The images for testing, a row each.
    package let testImages: RowTable
    /// Makes the frames of parameters.
    package let makeFrame: FrameMaker

    package init(trainImages: RowTable, testImages: RowTable, makeFrame: @escaping FrameMaker) {
        self.trainImages = trainImages
        self.testImages = testImages
        self.makeFrame = makeFrame
    }

    /// Tensors in this process's own memory.
    package init(of dataset: Dataset) {
        self.init(
            trainImages: RowTable(dataset.train.pixels, rowSize: dataset.train.height * dataset.train.width),
            testImages: RowTable(dataset.test.pixels, rowSize: dataset.test.height * dataset.test.width),
            makeFrame: FrameDraft.init(byteCount:))
    }
}

/// What a coordinator wants done: messages in order, and the rest in order.
package enum CoordinatorAction: Sendable {
    case send([Frame], to: PeerID)
    case log(CoordinatorLogLevel, String)
    case observe(TrainingObservation)
    /// Keep a job's state, so that it can be taken up from there; of a job's states only the newest is of use.
    case checkpoint(job: Int, JobState)
    /// The run is over: there are no more observations. The workers are told to end and say GOODBYE; `connectedWorkers` are those that have not yet.
    case finish(CoordinatorEnd)
}

/// How much a log line matters.
package enum CoordinatorLogLevel: Sendable, Hashable {
    case debug, info, warning
}

/// How a run ended.
package enum CoordinatorEnd: Sendable, Hashable {
    /// Each job has finished or failed.
    case completed
    /// It was stopped, with the reason in a sentence.
    case stopped(String)
}

/// What a run's spectators get to know. Jobs are named by their index in the list the coordinator was given.
package enum TrainingObservation: Sendable {
    /// A mini-batch was trained on; steps are counted from 0 over the whole job, and the loss is the mean over the mini-batch.
    case stepFinished(job: Int, step: Int, loss: Float)
    /// An epoch was trained and validated; epochs come in order.
    case epochFinished(job: Int, EpochRecord)
    case jobFinished(job: Int, TrainingOutcome)
    /// The job has no result, for the reason given in a sentence; the others go on.
    case jobFailed(job: Int, reason: String)
    /// A worker was taken; `workers` is their number now.
    case workerJoined(WorkerIntroduction, workers: Int)
    /// A worker is gone, for the reason given in words; `workers` is their number now.
    case workerLeft(WorkerIntroduction, reason: String, workers: Int)
}

/// A coordinator's settings. None of them touches a result, as long as only workers of this program's arithmetic are accepted.
package struct CoordinatorSettings: Sendable {
    /// Names this run, so that what was computed for another one is refused; random.
    package var run: UInt64
    /// Each side sends something at least this often.
    package var heartbeatInterval: Duration = .seconds(1)
    /// A worker that has been silent for this long is lost.
    package var silenceLimit: Duration = .seconds(10)
    /// How long the run waits when there are no workers, before it is stopped; nil for ever.
    package var patience: Duration?
    /// The share of the pieces, 0 to 1, that are computed twice, by different workers, and compared.
    package var auditShare = 0.005
    /// Pieces of work a worker holds at most: one to compute, the rest to have no pause after it.
    package var piecesPerWorker = 2
    /// Whether the workers, when all of them compute, leave the coordinator no core of its own.
    package var sharesCores = false
    /// A job that has moved on is to be kept when its last checkpoint is this old; nil for no checkpoints.
    package var checkpointInterval: Duration? = .milliseconds(300)

    /// The arithmetics whose workers are taken; with any other than this program's the promise of equal bits is given up.
    package var acceptedProfiles = [TrainingProtocol.profile]
    /// What the coordinator adds gradients and updates weights with.
    package var instructionSet: InstructionSet

    package init(run: UInt64, instructionSet: InstructionSet) {
        self.run = run
        self.instructionSet = instructionSet
    }
}

/// Jobs that cannot be trained on their data.
package struct JobError: Error, Hashable, CustomStringConvertible {
    package let description: String
}
