// swift-tools-version: 6.2

import PackageDescription

/// Settings of every Swift target.
let strict: [SwiftSetting] = [
    .swiftLanguageMode(.v6),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("InternalImportsByDefault"),
]

/// A target whose code lives in `Sources/<name>`.
func module(_ name: String, _ dependencies: Target.Dependency..., exclude: [String] = []) -> Target {
    .target(name: name, dependencies: dependencies, exclude: exclude, swiftSettings: strict)
}

/// A target of kernels for one instruction set, or for none in particular.
///
/// Optimised in debug builds too: unoptimised SIMD is a hundred times slower. `-Ounchecked` is safe here and nowhere else: a kernel trusts its caller's
/// sizes, which `CNNCore` has checked. Whole modules are compiled at once, so that generic code is specialised; one thread a module, because several would
/// disagree with the build system about the index files. Without errno a square root is an instruction.
func kernels(_ name: String, _ dependencies: Target.Dependency..., instructionSet: [String] = []) -> Target {
    let flags = ["-Ounchecked", "-wmo", "-num-threads", "1"]
    let clang = ["-fno-math-errno"] + instructionSet
    return .target(
        name: name, dependencies: dependencies, swiftSettings: strict + [.unsafeFlags(flags + clang.flatMap { ["-Xcc", $0] })])
}

/// The tests of a module, in `Tests/<module>Tests`.
func tests(_ module: String, _ dependencies: Target.Dependency..., exclude: [String] = []) -> Target {
    .testTarget(
        name: "\(module)Tests", dependencies: [.init(stringLiteral: module)] + dependencies, exclude: exclude, swiftSettings: strict)
}

// The kernels' sources stand once, in Sources/CNNKernelsSIMD; each of these targets compiles them for its instruction set.
#if arch(x86_64)
    let vectorKernels = [
        kernels("CNNKernelsAVX512", "CNNKernels", "CVectors", instructionSet: ["-march=x86-64-v4", "-mprefer-vector-width=512"]),
        kernels("CNNKernelsAVX2", "CNNKernels", "CVectors", instructionSet: ["-march=x86-64-v3"]),
    ]
#else
    let vectorKernels = [kernels("CNNKernelsNEON", "CNNKernels", "CVectors")]
#endif
let vectorKernelModules: [Target.Dependency] = vectorKernels.map { .init(stringLiteral: $0.name) }

let arguments: Target.Dependency = .product(name: "ArgumentParser", package: "swift-argument-parser")
let logging: Target.Dependency = .product(name: "Logging", package: "swift-log")
let protobuf: Target.Dependency = .product(name: "SwiftProtobuf", package: "swift-protobuf")

let package = Package(
    name: "minishard",
    platforms: [.macOS("26.0")],
    products: [.executable(name: "minishard", targets: ["minishard"])],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.5.0"),
        .package(url: "https://github.com/apple/swift-log", from: "1.6.0"),
        .package(url: "https://github.com/apple/swift-protobuf", from: "1.30.0"),
    ],
    targets: vectorKernels + [
        .systemLibrary(name: "CZeroMQ", pkgConfig: "libzmq", providers: [.apt(["libzmq3-dev"]), .brew(["zeromq"])]),
        .systemLibrary(name: "CZlib", pkgConfig: "zlib", providers: [.apt(["zlib1g-dev"]), .brew(["zlib"])]),
        .systemLibrary(name: "CISAL", pkgConfig: "libisal", providers: [.apt(["libisal-dev"]), .brew(["isa-l"])]),
        .systemLibrary(name: "COpenSSL", pkgConfig: "libcrypto", providers: [.apt(["libssl-dev"]), .brew(["openssl@3"])]),
        .systemLibrary(name: "CXXHash", pkgConfig: "libxxhash", providers: [.apt(["libxxhash-dev"]), .brew(["xxhash"])]),
        .target(name: "CPUFeatures"),
        .target(name: "CVectors"),

        module("ZeroMQ", "CZeroMQ"),
        module("Digests", "COpenSSL", "CXXHash"),
        module("RandomStreams"),
        module("ForeignText"),
        module("Files"),
        module("Datasets", "CISAL", "Digests", "Files", "Processes", "RandomStreams"),
        kernels("CNNKernels", "RandomStreams"),
        .target(
            name: "CNNCore", dependencies: ["CNNKernels", "CPUFeatures", "RandomStreams"] + vectorKernelModules, swiftSettings: strict),
        module("TrainingProtocol", "CNNCore", "Digests", "ForeignText", protobuf, exclude: ["training.proto"]),
        .target(name: "CMessageSocket"),
        .target(name: "CSharedMemory"),
        module("SharedMemory", "CSharedMemory"),
        module("Tracing", "Files"),
        module("Coordinator", "CNNCore", "Datasets", "Digests", "RandomStreams", "Tracing", "TrainingProtocol", "Worker"),
        module("Worker", "CNNCore", "TrainingProtocol"),
        module(
            "Transport", "CMessageSocket", "CNNCore", "CPUFeatures", "Coordinator", "Datasets", "SharedMemory", "Tracing",
            "TrainingProtocol", "Worker", "ZeroMQ", logging),
        module("FileFormats", "ForeignText"),
        module("Checkpoints", "CISAL", "CNNCore", "Coordinator", "FileFormats", "Files", "ForeignText", "Processes", "RandomStreams"),
        module("Simulator", "Checkpoints", "CNNCore", "Coordinator", "Datasets", "TrainingProtocol", "Worker"),
        module("Studies", "CNNCore", "Coordinator", "Datasets", "Digests"),
        module("Reports", "CNNCore", "Coordinator", "Datasets", "Digests", "FileFormats", "Files", "Studies"),
        module(
            "Verification", "CNNCore", "Coordinator", "Datasets", "Digests", "RandomStreams", "Reports", "Studies", "TrainingProtocol",
            "Worker"),
        module("Processes", "Files"),
        module("Benchmarks", "CNNCore", "CNNKernels", "Datasets", "RandomStreams"),
        module(
            "Fuzzing", "CNNCore", "Checkpoints", "Coordinator", "CZlib", "Datasets", "FileFormats", "Files", "Processes", "RandomStreams",
            "Reports", "SharedMemory", "Simulator", "TrainingProtocol", "Transport", "Worker"),
        .executableTarget(
            name: "minishard",
            dependencies: [
                "Benchmarks", "CNNCore", "CPUFeatures", "Checkpoints", "Coordinator", "Datasets", "FileFormats", "Files", "Processes",
                "RandomStreams", "Reports", "Simulator", "Studies", "Tracing", "Transport", "Verification", "Worker", arguments, logging,
            ],
            swiftSettings: strict),
        // Not part of the program: scripts/fuzz and the tests run it.
        .executableTarget(name: "minishard-fuzz", dependencies: ["Fuzzing", "Processes", arguments], swiftSettings: strict),

        .target(name: "TestSupport", dependencies: ["Processes"], path: "Tests/TestSupport", swiftSettings: strict),
        .target(name: "TestPeers", dependencies: ["TrainingProtocol", "ZeroMQ"], path: "Tests/TestPeers", swiftSettings: strict),
        .target(name: "TestImages", dependencies: ["Datasets", "RandomStreams"], path: "Tests/TestImages", swiftSettings: strict),
        tests("ZeroMQ"),
        tests("Digests"),
        tests("RandomStreams", exclude: ["Fixtures"]),
        tests("Processes", "Files", "TestSupport"),
        tests("SharedMemory"),
        tests("Tracing", "TestSupport"),
        tests("ForeignText"),
        tests("Files", "TestSupport"),
        tests("Datasets", "CZlib", "Digests", "RandomStreams", "TestSupport", exclude: ["Fixtures"]),
        // Optimised in debug builds too, as the kernels are: it makes and compares millions of numbers.
        .target(
            name: "KernelRuns", dependencies: ["CNNKernels", "RandomStreams"], path: "Tests/KernelRuns",
            swiftSettings: strict + [.unsafeFlags(["-O"])]),
        .testTarget(
            name: "CNNKernelsTests",
            dependencies: ["CNNKernels", "CPUFeatures", "KernelRuns", "Processes", "RandomStreams", "TestSupport"] + vectorKernelModules,
            swiftSettings: strict),
        tests("CNNCore", "CNNKernels", "Datasets", "Digests", "RandomStreams", "TestSupport", exclude: ["Fixtures"]),
        tests("TrainingProtocol", "CNNCore", "RandomStreams"),
        tests("Coordinator", "CNNCore", "Datasets", "Digests", "RandomStreams", "TestImages", "TestSupport", "TrainingProtocol", "Worker"),
        tests("FileFormats"),
        tests(
            "Checkpoints", "CNNCore", "Coordinator", "Datasets", "FileFormats", "Processes", "RandomStreams", "Simulator", "TestImages",
            "TestSupport", "TrainingProtocol", "Worker"),
        tests("Worker", "CNNCore", "TrainingProtocol"),
        tests(
            "Transport", "CMessageSocket", "CNNCore", "Coordinator", "Datasets", "Processes", "RandomStreams", "SharedMemory",
            "TestImages", "TestPeers", "TestSupport", "TrainingProtocol", "Worker", "ZeroMQ", logging,
            exclude: ["python"]),
        tests("Simulator", "CNNCore"),
        tests("Studies", "CNNCore", "Coordinator", "Datasets"),
        tests("Reports", "CNNCore", "Coordinator", "Datasets", "FileFormats", "Files", "Studies"),
        tests("Fuzzing", "Processes", "TestSupport", "TrainingProtocol"),
        tests("Verification", "CNNCore", "Coordinator", "Datasets", "TestImages"),
        .testTarget(
            name: "EndToEndTests", dependencies: ["CPUFeatures", "Datasets", "Processes", "TestPeers", "TestSupport", "TrainingProtocol"],
            swiftSettings: strict),
    ]
)
