#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// What PyTorch drew, as `Fixtures/generate.py` recorded it.
struct StreamFixtures: Decodable {
    let streams: [Stream]

    /// The draws of one seed, each sequence from a generator fresh from that seed.
    struct Stream: Decodable {
        let seed: String
        /// 32-bit draws without their highest bit.
        let draws31: Sequence
        let draws64: Sequence
        let uniformUnit: Sequence
        let uniformSkewed: Sequence
        let uniformThird: Sequence
        let permutations: [String: Sequence]
        let afterPermutation: Sequence
    }

    /// A sequence of unsigned numbers: its length, its beginning and a hash of all of it.
    struct Sequence: Decodable, Equatable {
        let count: Int
        let first: [String]
        let fnv1a: String

        init(_ values: [UInt64]) {
            count = values.count
            first = values.prefix(20).map(String.init)
            var digest: UInt64 = 0xCBF2_9CE4_8422_2325
            for value in values {
                for shift in stride(from: UInt64(0), to: 64, by: 8) {
                    digest = (digest ^ (value >> shift & 0xFF)) &* 0x100_0000_01B3
                }
            }
            let hexadecimal = String(digest, radix: 16)
            fnv1a = String(repeating: "0", count: 16 - hexadecimal.count) + hexadecimal
        }
    }

    static func load() throws -> StreamFixtures {
        let file = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "Fixtures/pytorch-streams.json")
        return try JSONDecoder().decode(StreamFixtures.self, from: Data(contentsOf: file))
    }
}
