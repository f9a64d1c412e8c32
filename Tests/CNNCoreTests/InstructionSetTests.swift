import CNNKernels
import Testing

@testable import CNNCore

@Suite struct InstructionSetTests {
    @Test func theBestIsSupportedAndNeverScalar() throws {
        let best = try InstructionSet.best()
        #expect(best.isSupported)
        #expect(best != .scalar)
        #expect(best == supportedInstructionSets.first)
    }

    @Test func otherProcessorsGetTheirBest() throws {
        #expect(try InstructionSet.best { _ in true } == .avx512)
        #expect(try InstructionSet.best { [.avx2, .scalar].contains($0) } == .avx2)
        #expect(try InstructionSet.best { [.neon, .scalar].contains($0) } == .neon)
        #expect(throws: UnsupportedProcessor.self) { try InstructionSet.best { $0 == .scalar } }
    }

    @Test func scalarWorksEverywhereAndComesLast() {
        #expect(InstructionSet.scalar.isSupported)
        #expect(InstructionSet.allCases.last == .scalar)
    }

    @Test func foreignInstructionSetsAreNotSupported() {
        #if arch(x86_64)
            #expect(!InstructionSet.neon.isSupported)
        #else
            #expect(!InstructionSet.avx512.isSupported && !InstructionSet.avx2.isSupported)
        #endif
    }

    /// What is chosen is what runs: the kernels say their own name.
    @Test(arguments: supportedInstructionSets) func kernelsAreThoseOfTheInstructionSet(_ instructionSet: InstructionSet) {
        #expect(instructionSet.kernels.name == instructionSet.rawValue)
    }

    @Test func anUnsupportedProcessorIsToldInASentence() {
        #expect(
            UnsupportedProcessor().description
                == "This machine's processor has neither AVX2 nor NEON, and Minishard has no fast kernels for it. "
                + "Run the worker on an x86-64 processor of 2013 or later, or on a 64-bit ARM processor.")
    }
}
