import CNNKernels

/// The sum over a node of the canonical tree.
package struct GradientSum: Sendable {
    /// Sum of the samples' gradients, flat, channels-last.
    package var gradient: FloatVector
    /// Sum of the samples' losses.
    package var lossSum: Double
    /// Samples classified correctly.
    package var correct: Int

    package init(gradient: FloatVector, lossSum: Double, correct: Int) {
        self.gradient = gradient
        self.lossSum = lossSum
        self.correct = correct
    }
}

/// Adds up the nodes that workers return, in the tree's order whatever the order of their arrival.
package struct TreeSum: Sendable {
    /// The sum over the whole tree. Its gradients' last addition is left to whoever reads them once anyway.
    package struct Total: Sendable {
        /// Its gradients are those of the tree's left half, or of all of it if it came whole.
        package fileprivate(set) var sum: GradientSum
        /// The gradients of the right half, which are to be added to the left ones, number by number.
        package fileprivate(set) var addend: FloatVector?
    }

    private struct Node: Sendable {
        var quanta: Int
        var total: Total
    }

    private let count: Int
    private let instructionSet: InstructionSet
    private var reduction: TreeReduction<Node>

    /// A sum over the tree of `count` quanta.
    package init(count: Int, instructionSet: InstructionSet) {
        self.count = count
        self.instructionSet = instructionSet
        reduction = TreeReduction(count: count)
    }

    /// Adds the sum over `range`, a node of the tree that overlaps none that was added.
    package mutating func add(_ sum: consuming GradientSum, for range: Range<Int>) {
        let kernels = instructionSet.kernels
        reduction.add(Node(quanta: range.count, total: Total(sum: sum)), for: range) { left, right in
            left.quanta += right.quanta
            left.total.sum.lossSum += right.total.sum.lossSum
            left.total.sum.correct += right.total.sum.correct
            if left.quanta == count {
                left.total.addend = right.total.sum.gradient
            } else {
                left.total.sum.gradient = Self.added(left.total.sum.gradient, right.total.sum.gradient, kernels)
            }
        }
    }

    private static func added(_ left: FloatVector, _ right: FloatVector, _ kernels: any KernelSet.Type) -> FloatVector {
        defer { withExtendedLifetime((left, right)) {} }
        return FloatVector(count: left.count) { sum in
            guard let left = left.numbers.baseAddress, let right = right.numbers.baseAddress, let target = sum.baseAddress else { return }
            kernels.add(count: sum.count, left, right, to: target)
        }
    }

    /// The sum over the whole tree, once every quantum is in.
    package mutating func take() -> Total? { reduction.take()?.total }
}
