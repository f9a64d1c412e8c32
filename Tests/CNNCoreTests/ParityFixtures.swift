import CNNCore
import Testing

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// What PyTorch computed, as `scripts/oracle/make_fixtures.py` recorded it in `Fixtures/fixtures.json` and the safetensors files beside it.
struct ParityFixtures: Decodable {
    /// Every how many elements the gradient of `fc.weight` is stored.
    let fcWeightGradientStride: Int
    let datasets: [Recorded]

    struct Recorded: Decodable {
        let name: String
        /// Digest of the data that the numbers belong to, as `Dataset.sha256`.
        let sha256: String
        let configurations: [Configuration]
    }

    /// A model with its training set and batch size, and its runs from several seeds.
    struct Configuration: Decodable, CustomTestStringConvertible {
        let name: String
        let c1: Int
        let c2: Int
        let kernel: Int
        let trainCount: Int
        let batch: Int
        let runs: [Run]

        var testDescription: String { name }

        func model() throws -> SmallCNN {
            try SmallCNN(firstChannels: c1, secondChannels: c2, kernelSize: kernel)
        }
    }

    struct Run: Decodable {
        let seed: UInt64
        let initialSha256: String
        let orders: [Order]
        /// Loss of each of the first steps; in float64 it shows how far PyTorch strays from itself.
        let losses: [Double]
        let lossesFloat64: [Double]
        let firstEpochTrainLoss: Double
        let firstEpochTrainLossFloat64: Double
        let checkpoints: [Checkpoint]
    }

    /// An epoch's order of the samples: a digest over all indices, and the first of them.
    struct Order: Decodable {
        let sha256: String
        let first: [Int]
    }

    /// One step from PyTorch's own weights.
    struct Checkpoint: Decodable {
        let step: Int
        let file: String
        let weightsSha256: String
        let samples: [Int]
        let loss: Double
        let lossFloat64: Double
        let gradients: [String: Gradient]
    }

    /// A summary of one tensor's gradient of the batch's mean loss.
    struct Gradient: Decodable {
        /// Relative distance of PyTorch's float32 gradient from its float64 gradient: what rounding alone does.
        let distanceFromFloat64: Double
        /// Whether that distance is so large that the float64 gradient was recorded.
        let isFloat64: Bool
        let l2Norm: Double
        let sum: Double
    }

    static let directory = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "Fixtures")

    private static var decoder: JSONDecoder {
        let decoder = JSONDecoder()
        decoder.keyDecodingStrategy = .convertFromSnakeCase
        return decoder
    }

    static func load() throws -> ParityFixtures {
        try decoder.decode(ParityFixtures.self, from: Data(contentsOf: directory.appending(path: "fixtures.json")))
    }

    /// The configurations recorded on one data set; empty where there is none of that name, which `everythingIsRecorded` reports.
    static func configurations(on dataset: String) -> [Configuration] {
        (try? load())?.datasets.first { $0.name == dataset }?.configurations ?? []
    }

    /// The tensors of a safetensors file of the fixtures, by name.
    static func tensors(in file: String) throws -> [String: [Float]] {
        struct Header: Decodable {
            let dataOffsets: [Int]
        }
        let content = try Data(contentsOf: directory.appending(path: file))
        let length = content.prefix(8).reversed().reduce(0) { $0 << 8 | Int($1) }
        let headers = try decoder.decode([String: Header].self, from: content.dropFirst(8).prefix(length))
        return headers.mapValues { header in
            let bytes = content.dropFirst(8 + length + header.dataOffsets[0]).prefix(header.dataOffsets[1] - header.dataOffsets[0])
            return bytes.withUnsafeBytes { raw in
                (0..<raw.count / 4).map {
                    Float(bitPattern: UInt32(littleEndian: raw.loadUnaligned(fromByteOffset: 4 * $0, as: UInt32.self)))
                }
            }
        }
    }
}
