import CNNCore
import Testing

@Suite struct CanonicalTreeTests {
    @Test(arguments: [(0, 0), (1, 1), (7, 1), (8, 1), (9, 2), (16, 2), (50, 7), (64, 8), (67, 9)])
    func samplesMakeQuantaOfEight(_ samples: Int, _ count: Int) {
        #expect(Quanta.size == 8)
        #expect(Quanta.count(samples: samples) == count)
        // Quantum by quantum: whole ones, then the rest.
        let sizes = (0..<count).map { Quanta.samples(of: $0..<$0 + 1, batch: samples).count }
        #expect(sizes.reduce(0, +) == samples)
        #expect(sizes.dropLast().allSatisfy { $0 == 8 })
        for first in 0..<count {
            for end in first + 1...count {
                #expect(Quanta.samples(of: first..<end, batch: samples) == first * 8..<min(end * 8, samples))
            }
        }
    }

    @Test(arguments: 1...40) func nodesAreThoseOfTheTree(_ count: Int) {
        let nodes = PlainTree.nodes(0..<count)
        #expect(nodes.count == 2 * count - 1)
        for lower in -1...count + 1 {
            for upper in lower...count + 2 {
                #expect(CanonicalTree.isNode(lower..<upper, count: count) == nodes.contains(lower..<upper), "\(lower)..<\(upper)")
            }
        }
    }

    @Test func nothingIsANodeOfAnEmptyTree() {
        #expect(CanonicalTree.subtrees(count: 0, parts: 3).isEmpty)
        #expect(!CanonicalTree.isNode(0..<0, count: 0))
        #expect(!CanonicalTree.isNode(0..<1, count: 0))
    }

    @Test(arguments: 1...40) func alignedRunsAreNodes(_ count: Int) {
        for size in [1, 2, 4, 8, 16, 32, 64] {
            for first in stride(from: 0, to: count, by: size) {
                #expect(CanonicalTree.isNode(first..<min(first + size, count), count: count), "\(size) from \(first)")
            }
        }
    }

    @Test(arguments: 1...40) func subtreesAreNodesInOrder(_ count: Int) {
        let nodes = PlainTree.nodes(0..<count)
        for parts in 1...count + 3 {
            let subtrees = CanonicalTree.subtrees(count: count, parts: parts)
            #expect(subtrees.count == min(parts, count))
            #expect(subtrees.allSatisfy(nodes.contains))
            #expect(subtrees.flatMap { Array($0) } == Array(0..<count))
            // One part more cuts one of the largest in two and leaves the others alone.
            let next = CanonicalTree.subtrees(count: count, parts: parts + 1)
            let gone = subtrees.filter { !next.contains($0) }
            #expect(parts < count ? gone.map(\.count) == [subtrees.map(\.count).max()] : gone.isEmpty)
        }
    }

    @Test func theFirstOfTheLargestIsCut() {
        #expect(CanonicalTree.subtrees(count: 8, parts: 2) == [0..<4, 4..<8])
        #expect(CanonicalTree.subtrees(count: 8, parts: 3) == [0..<2, 2..<4, 4..<8])
        #expect(CanonicalTree.subtrees(count: 7, parts: 2) == [0..<4, 4..<7])
        #expect(CanonicalTree.subtrees(count: 9, parts: 3) == [0..<4, 4..<8, 8..<9])
        #expect(CanonicalTree.subtrees(count: 2, parts: 5) == [0..<1, 1..<2])
    }
}
