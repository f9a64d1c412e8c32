import Processes
import TestSupport
import Testing

#if arch(x86_64) && os(Linux)

    /// On ARM all other tests run NEON's kernels. Here this is the short form of `scripts/test-neon`, which runs them under emulation.
    @Suite struct NEONTests {
        private static let script = "\(TestEnvironment.root)/scripts/test-neon"

        @Test(
            .enabled("SKIPPED: NEON's kernels are not compiled. This Swift has no embedded form for ARM.") {
                try await run(script, ["--is-possible"]).status == .exited(0)
            })
        func sourcesForNEONCompile() async throws {
            let finished = try await run(Self.script, ["--compile-only"], limit: .seconds(300))
            #expect(finished.status == .exited(0), "\(finished.errors)")
        }
    }

#endif
