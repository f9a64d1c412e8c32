import CNNKernels

/// The sum over a node of the canonical tree.
package struct GradientSum: Sendable {
    /// Sum of the samples' gradients, flat, in the order of `SmallCNN.tensors`.
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
    private let instructionSet: InstructionSet
    private var reduction: TreeReduction<GradientSum>

    /// A sum over the tree of `count` quanta.
    package init(count: Int, instructionSet: InstructionSet) {
        self.instructionSet = instructionSet
        reduction = TreeReduction(count: count)
    }

    /// Adds the sum over `range`, a node of the tree that overlaps none that was added.
    package mutating func add(_ sum: consuming GradientSum, for range: Range<Int>) {
        let kernels = instructionSet.kernels
        reduction.add(sum, for: range) { left, right in
            left.lossSum += right.lossSum
            left.correct += right.correct
            left.gradient = left.gradient.withUnsafeBufferPointer { first in
                right.gradient.withUnsafeBufferPointer { second in
                    FloatVector(count: first.count) { sum in
                        guard let first = first.baseAddress, let second = second.baseAddress, let sum = sum.baseAddress else { return }
                        kernels.add(count: right.gradient.count, first, second, to: sum)
                    }
                }
            }
        }
    }

    /// Whether every quantum is in.
    package var isComplete: Bool { reduction.isComplete }

    /// The sum over the whole tree, once it ``isComplete``.
    package mutating func take() -> GradientSum? { reduction.take() }
}
