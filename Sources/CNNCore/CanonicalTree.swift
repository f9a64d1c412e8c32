/// The quantum: 8 consecutive samples of a mini-batch (the last may be short), the unit in which gradients are computed.
///
/// A quantum's gradient depends only on parameters, samples, seed and step, never on who computes it or what else they compute.
package enum Quanta {
    /// Samples in a quantum.
    package static let size = 8

    /// Number of quanta in a mini-batch of `samples`.
    package static func count(samples: Int) -> Int { (samples + size - 1) / size }

    /// The samples of some quanta of a mini-batch of `batch` samples, by their position in it.
    package static func samples(of quanta: Range<Int>, batch: Int) -> Range<Int> {
        quanta.lowerBound * size..<min(quanta.upperBound * size, batch)
    }
}

/// The fixed binary tree over a mini-batch's quanta in which their gradients are added.
///
/// A node over `n` quanta has the largest power of two below `n` on its left and the rest on its right. So every aligned run of 2ᵏ quanta, cut off at the end
/// of the mini-batch, is a node: a worker may add it up alone, and the sum is what it would have been anyway.
package enum CanonicalTree {
    /// Cuts 0..<count into `parts` nodes, in order: halves the largest node, the first of equals, until there are enough or all are single quanta.
    package static func subtrees(count: Int, parts: Int) -> [Range<Int>] {
        var nodes = count > 0 ? [0..<count] : []
        while nodes.count < min(parts, count) {
            var largest = 0
            for i in nodes.indices where nodes[i].count > nodes[largest].count { largest = i }
            let node = nodes[largest]
            let middle = node.lowerBound + leftCount(node.count)
            nodes.replaceSubrange(largest...largest, with: [node.lowerBound..<middle, middle..<node.upperBound])
        }
        return nodes
    }

    /// Whether `range` is a node of the tree over 0..<count.
    package static func isNode(_ range: Range<Int>, count: Int) -> Bool {
        guard !range.isEmpty, range.lowerBound >= 0, range.upperBound <= count else { return false }
        var node = 0..<count
        while node != range {
            guard node.count > 1 else { return false }
            let middle = node.lowerBound + leftCount(node.count)
            if range.upperBound <= middle {
                node = node.lowerBound..<middle
            } else if range.lowerBound >= middle {
                node = middle..<node.upperBound
            } else {
                return false
            }
        }
        return true
    }

    /// Whether two neighbouring nodes of the tree over 0..<count are the children of one node.
    static func areSiblings(_ left: Range<Int>, _ right: Range<Int>, count: Int) -> Bool {
        let parent = left.lowerBound..<right.upperBound
        return left.upperBound == right.lowerBound && left.count == leftCount(parent.count) && isNode(parent, count: count)
    }

    /// Quanta on the left of a node of `count` > 1: the largest power of two below `count`.
    static func leftCount(_ count: Int) -> Int { 1 << (Int.bitWidth - 1 - (count - 1).leadingZeroBitCount) }
}
