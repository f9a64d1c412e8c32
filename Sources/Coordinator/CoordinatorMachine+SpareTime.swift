import Tracing
package import TrainingProtocol

/// What a coordinator has done with a moment that nobody waited for.
package enum SpareTimeWork: Sendable {
    /// There was nothing to do.
    case nothing
    /// Something, and there may be more.
    case something
    /// A message that will probably be sent soon; its last frame, and no other, is still to be written. If it is sent it is that: its first frame has the same owner.
    case prepared([Frame], for: PeerID)
}

// What is done while nobody waits.
extension CoordinatorMachine {
    /// Does a little of what nobody waits for, if there is any; to be called once the actions of an event have been carried out. Nothing depends on whether it is.
    ///
    /// Where no core is free for it, it takes one from a worker. That is no loss while one has nothing to do. While each has work beyond its current piece none begins that
    /// later, so what is the cheaper the sooner is done too.
    @discardableResult package func catchUp() -> SpareTimeWork {
        let hasTime = !settings.sharesCores || workers.contains(where: \.isIdle)
        guard hasTime || workers.allSatisfy({ $0.assignments.count > 1 }) else { return .nothing }
        if jobs.contains(where: { !$0.isOver && $0.linkLastStep() }) { return .something }
        if hasTime, let (frames, peer) = prepareWork() { return .prepared(frames, for: peer) }
        return .nothing
    }

    /// Makes a message of a step that has not begun, while its worker could not be given anything else.
    private func prepareWork() -> (frames: [Frame], peer: PeerID)? {
        guard nextJob() == nil else { return nil }
        for job in jobs {
            // Those that will have nothing to do once the job's current step is done.
            let idle = workers.filter { $0.assignments.allSatisfy { $0.open.job === job && $0.open.work.kind == .train } }
            guard !idle.isEmpty, let tasks = job.tasksOfNextStep(parts: idle.count) else { continue }
            for (worker, task) in zip(idle, tasks) where worker.prepared?.isStale ?? true {
                let prepared = trace.recording(.prepare, job: job.index) { work(open(task, of: job), withParameters: true) }
                worker.prepared = prepared
                return (prepared.frames, worker.peer)
            }
        }
        return nil
    }
}

/// A piece of work for one worker, as it is sent.
struct PreparedWork {
    let assignment: Assignment
    let frames: [Frame]

    /// Whether it will never be of use: its step has begun, or never will.
    fileprivate var isStale: Bool {
        let open = assignment.open
        if case .training(let step, _) = open.task, step > open.job.step { return open.job.isOver }
        return true
    }
}
