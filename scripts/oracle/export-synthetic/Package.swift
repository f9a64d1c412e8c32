// swift-tools-version: 6.2

import PackageDescription

/// Writes the built-in synthetic digits as IDX files, for make_fixtures.py to read. A package of its own, of the sources it needs, so that
/// the program's package carries no tool that only the fixtures' generator uses.
let settings: [SwiftSetting] = [
    .swiftLanguageMode(.v6),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("InternalImportsByDefault"),
]

let package = Package(
    name: "export-synthetic",
    platforms: [.macOS(.v15)],
    targets: [
        .systemLibrary(name: "CZlib", pkgConfig: "zlib", providers: [.apt(["zlib1g-dev"]), .brew(["zlib"])]),
        .systemLibrary(name: "COpenSSL", pkgConfig: "libcrypto", providers: [.apt(["libssl-dev"]), .brew(["openssl@3"])]),
        .target(name: "RandomStreams", swiftSettings: settings),
        .target(name: "Digests", dependencies: ["COpenSSL"], swiftSettings: settings),
        .target(name: "Datasets", dependencies: ["CZlib", "Digests", "RandomStreams"], swiftSettings: settings),
        .executableTarget(name: "export-synthetic", dependencies: ["Datasets"], swiftSettings: settings),
    ]
)
