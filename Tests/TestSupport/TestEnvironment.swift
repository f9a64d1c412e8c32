#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// What this machine offers to the tests. What it lacks is nil, and the tests that need it skip with the sentence beside it.
package enum TestEnvironment {
    /// The clone that these tests are in.
    package static let root = #filePath.split(separator: "/").dropLast(3).reduce("") { "\($0)/\($1)" }

    /// The program under test: the one that `MINISHARD_BINARY` names, else the debug build beside the tests.
    package static let minishard = variable("MINISHARD_BINARY") ?? "\(root)/.build/debug/minishard"

    /// The fuzzer that was built beside the tests.
    package static let fuzzer = "\(root)/.build/debug/minishard-fuzz"

    /// A debug build, to be compared with the program under test where that is another one.
    package static let debugMinishard = variable("MINISHARD_DEBUG_BINARY")
    package static let noDebugMinishard =
        "SKIPPED: scripts/test builds in release and in debug mode and names the debug build in MINISHARD_DEBUG_BINARY."

    /// A directory with MNIST's IDX files: the one that `MINISHARD_TEST_MNIST` names, else the one beside the clone.
    package static let mnist = variable("MINISHARD_TEST_MNIST") ?? existing("\(root)/../shared/mnist")
    package static let noMNIST = "SKIPPED: no MNIST here. Name a directory with its IDX files in MINISHARD_TEST_MNIST."

    /// A Python that has the packages of scripts/lib/test-requirements.txt.
    package static let python = variable("MINISHARD_TEST_PYTHON")
    package static let noPython = "SKIPPED: scripts/test makes a Python with numpy and safetensors and names it in MINISHARD_TEST_PYTHON."

    /// An environment variable that is set to something.
    package static func variable(_ name: String) -> String? {
        getenv(name).map { String(cString: $0) }.flatMap { $0.isEmpty ? nil : $0 }
    }

    private static func existing(_ path: String) -> String? { access(path, F_OK) == 0 ? path : nil }
}
