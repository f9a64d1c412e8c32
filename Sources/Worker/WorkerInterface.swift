package import TrainingProtocol

/// What happens to a worker.
package enum WorkerEvent: Sendable {
    /// The connection that was asked for is there, and takes messages.
    case connected
    /// A message arrived; whatever it holds.
    case received([Frame])
    /// A message arrived that was read beforehand.
    case understood(CoordinatorMessage)
    /// A message arrived that the transport could not read.
    case unreadable(ProtocolViolation)
    /// A message could not be sent: the connection is gone, or takes nothing any more.
    case undeliverable
    /// A quantum of the piece that is computed is done.
    case progressed(quantaDone: Int)
    /// The piece that was begun is done.
    case computed(PieceResult)
    /// The worker is to end, with the reason in a sentence.
    case leaveRequested(String)
    /// Time has passed. Comes at least every quarter of a heartbeat interval when nothing is computed.
    case tick
}

/// What a worker wants done, in order.
package enum WorkerAction: Sendable {
    /// Give up the connection, if there is one, and open another under a new routing id.
    case connect
    case send([Frame])
    case log(String)
    /// Nothing more is to be done.
    case finish(WorkerEnd)
}

/// How a worker's life ended.
package enum WorkerEnd: Sendable, Hashable {
    /// The coordinator has no more work; its sentence.
    case stopped(String)
    /// The coordinator does not want this worker, or sends what this worker does not understand; a sentence that says why.
    case refused(String)
    /// No coordinator was heard for too long; a sentence.
    case gaveUp(String)
    /// The worker was asked to end; the sentence it was given.
    case left(String)
}

/// A worker's settings.
package struct WorkerSettings: Sendable {
    /// Where the coordinator listens, for sentences.
    package var endpoint: String
    package var introduction: WorkerIntroduction
    /// How long to go on without hearing a coordinator; nil for ever.
    package var giveUpAfter: Duration?
    /// How long to wait for a connection before opening another socket for one.
    package var connectionPatience: Duration = .seconds(10)
    /// How long to wait for the answer to HELLO before connecting anew.
    package var helloPatience: Duration = .seconds(5)
    /// Least time between two connections.
    package var reconnectInterval: Duration = .seconds(1)

    package init(endpoint: String, introduction: WorkerIntroduction, giveUpAfter: Duration?) {
        self.endpoint = endpoint
        self.introduction = introduction
        self.giveUpAfter = giveUpAfter
    }
}
