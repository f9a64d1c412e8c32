/// Joins the values of a canonical tree's nodes, children in order, whatever the order in which they come.
struct TreeReduction<Value> {
    private let count: Int
    /// Finished nodes, none of them the child of another, by their first quantum.
    private var nodes: [(range: Range<Int>, value: Value)] = []

    /// A reduction over the tree of `count` quanta.
    init(count: Int) { self.count = count }

    /// Adds the value of `range`, a node of the tree that overlaps none that was added; joins each pair of siblings that is complete.
    mutating func add(_ value: Value, for range: Range<Int>, join: (_ left: inout Value, _ right: Value) -> Void) {
        var place = nodes.firstIndex { $0.range.lowerBound > range.lowerBound } ?? nodes.count
        nodes.insert((range, value), at: place)
        while true {
            if areSiblings(place, place + 1) {
                joinNode(place, join)
            } else if areSiblings(place - 1, place) {
                place -= 1
                joinNode(place, join)
            } else {
                return
            }
        }
    }

    /// Whether every quantum is in.
    var isComplete: Bool { nodes.count == 1 && nodes[0].range == 0..<count }

    /// The value of the whole tree, once it ``isComplete``; the reduction is empty afterwards.
    mutating func take() -> Value? { isComplete ? nodes.removeLast().value : nil }

    private func areSiblings(_ left: Int, _ right: Int) -> Bool {
        left >= 0 && right < nodes.count && CanonicalTree.areSiblings(nodes[left].range, nodes[right].range, count: count)
    }

    /// Joins the node at `left` with the one after it.
    private mutating func joinNode(_ left: Int, _ join: (_ left: inout Value, _ right: Value) -> Void) {
        let right = nodes.remove(at: left + 1)
        nodes[left].range = nodes[left].range.lowerBound..<right.range.upperBound
        join(&nodes[left].value, right.value)
    }
}

extension TreeReduction: Sendable where Value: Sendable {}
