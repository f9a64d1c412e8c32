import RandomStreams
import Testing

@testable import CNNCore

/// The sum of a tree's leaves does not depend on who added up which node, nor on who came first.
@Suite struct TreeSumTests {
    /// Which nodes were joined, and in which order, as an expression such as `((0 1) 2)`.
    @Test(arguments: 1...20) func nodesAreJoinedAsTheTreeHasIt(_ count: Int) {
        func expression(_ range: Range<Int>) -> String { PlainTree.fold(range, leaf: String.init) { "(\($0) \($1))" } }
        var generator = MersenneTwister(seed: UInt64(count))
        for _ in 0..<30 {
            let cut = PlainTree.randomCut(0..<count, &generator)
            var reduction = TreeReduction<String>(count: count)
            for (arrived, range) in generator.shuffled(cut).enumerated() {
                #expect(!reduction.isComplete, "\(cut), \(arrived) arrived")
                #expect(reduction.take() == nil, "\(cut), \(arrived) arrived")
                reduction.add(expression(range), for: range) { left, right in left = "(\(left) \(right))" }
            }
            #expect(reduction.isComplete, "\(cut)")
            #expect(reduction.take() == expression(0..<count), "\(cut)")
            #expect(!reduction.isComplete && reduction.take() == nil)
        }
    }

    @Test func anEmptyTreeIsNeverComplete() throws {
        var sum = TreeSum(count: 0, instructionSet: try .best())
        #expect(sum.take() == nil)
    }

    @Test(arguments: 1...20) func everyCutAndOrderGivesTheSameBits(_ count: Int) throws {
        var generator = MersenneTwister(seed: UInt64(1000 + count))
        let leaves = randomLeaves(count, &generator)
        let expected = PlainTree.fold(0..<count, leaf: { leaves[$0] }, join: plainSum)
        for instructionSet in supportedInstructionSets {
            for _ in 0..<10 {
                let cut = PlainTree.randomCut(0..<count, &generator)
                var sum = TreeSum(count: count, instructionSet: instructionSet)
                for range in generator.shuffled(cut) {
                    #expect(sum.take() == nil)
                    sum.add(PlainTree.fold(range, leaf: { leaves[$0] }, join: plainSum), for: range)
                }
                let total = sum.take()
                expectSameBits(try #require(total).completed, expected, "\(instructionSet), \(cut)")
            }
        }
    }

    /// If any order gave the same bits, the tests above would prove nothing.
    @Test func fromLeftToRightTheBitsAreOthers() throws {
        var generator = MersenneTwister(seed: 5)
        let leaves = randomLeaves(20, &generator)
        let tree = PlainTree.fold(0..<20, leaf: { leaves[$0] }, join: plainSum)
        let fromLeft = leaves.dropFirst().reduce(leaves[0], plainSum)
        #expect(firstDifference(tree.gradient.array, fromLeft.gradient.array) != nil)
        #expect(tree.lossSum.bitPattern != fromLeft.lossSum.bitPattern)
        #expect(tree.correct == fromLeft.correct)
    }

    /// Sums of quanta, of sizes that differ by powers of ten, so that every order of addition rounds in a way of its own.
    private func randomLeaves(_ count: Int, _ generator: inout MersenneTwister) -> [GradientSum] {
        let scales: [Float] = [1, 10, 1e-3, 100]
        return (0..<count).map { _ in
            GradientSum(
                gradient: FloatVector((0..<37).map { generator.uniform(-1...1) * scales[$0 % 4] }),
                lossSum: Double(generator.next64() >> 11) / 0x1p53 * 20, correct: Int(generator.next32() % 9))
        }
    }
}
