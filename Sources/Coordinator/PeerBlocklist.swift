import TrainingProtocol

/// Connections that get no answer any more. It forgets the oldest beyond its capacity, so that no number of strangers fills the memory.
struct PeerBlocklist {
    private static let capacity = 4096
    private var peers: Set<PeerID> = []
    private var order: [PeerID] = []
    private var oldest = 0

    func contains(_ peer: PeerID) -> Bool { peers.contains(peer) }

    mutating func insert(_ peer: PeerID) {
        guard peers.insert(peer).inserted else { return }
        if order.count < Self.capacity {
            order.append(peer)
        } else {
            peers.remove(order[oldest])
            order[oldest] = peer
            oldest = (oldest + 1) % Self.capacity
        }
    }
}
