import CNNKernels

/// The sum over a node of the canonical tree.
package struct GradientSum: Sendable {
    /// Sum of the samples' gradients, flat, in the order of `SmallCNN.tensors`.
    package var gradient: [Float]
    /// Sum of the samples' losses.
    package var lossSum: Double
    /// Samples classified correctly.
    package var correct: Int

    package init(gradient: [Float], lossSum: Double, correct: Int) {
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
            left.gradient.withUnsafeMutableBufferPointer { target in
                right.gradient.withUnsafeBufferPointer { addend in
                    guard let target = target.baseAddress, let first = addend.baseAddress else { return }
                    kernels.add(count: addend.count, to: target, first)
                }
            }
        }
    }

    /// Whether every quantum is in.
    package var isComplete: Bool { reduction.isComplete }

    /// The sum over the whole tree, once it ``isComplete``.
    package mutating func take() -> GradientSum? { reduction.take() }
}
