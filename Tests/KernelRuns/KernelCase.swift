package import CNNKernels
import RandomStreams

/// Sizes and kinds of numbers that every kernel is tried with.
package struct KernelCase: Sendable, CustomStringConvertible {
    /// What the tensors are filled with.
    package enum Numbers: String, Sendable {
        /// Uniform in -1...1.
        case ordinary
        /// Multiples of 1/4 and few of them, so that sums tie and are zero often.
        case coarse
        /// Ordinary ones shifted down, so that ReLU lets next to nothing through.
        case mostlyNegative
        /// So small that products are subnormal or 0.
        case tiny
        /// Ordinary ones with an infinity or a NaN here and there.
        case notFinite
    }

    package let geometry: Geometry
    package let samples: Int
    package let numbers: Numbers

    package init(
        _ c1: Int, _ c2: Int, k: Int, classes: Int = 10, size: (Int, Int) = (28, 28), samples: Int = 8, _ numbers: Numbers = .ordinary
    ) {
        geometry = Geometry(height: size.0, width: size.1, kernelSize: k, c1: c1, c2: c2, classes: classes)
        self.samples = samples
        self.numbers = numbers
    }

    package var description: String {
        "c1=\(geometry.c1) c2=\(geometry.c2) k=\(geometry.kernelSize) classes=\(geometry.classes) "
            + "\(geometry.height)x\(geometry.width) samples=\(samples) \(numbers.rawValue)"
    }

    /// One table for all kernels: the study's shapes, odd ones, every kernel size, every kind of numbers.
    package static let all: [KernelCase] = [
        KernelCase(8, 16, k: 3), KernelCase(16, 32, k: 3, samples: 3), KernelCase(8, 16, k: 5, samples: 3),
        KernelCase(1, 1, k: 1, classes: 1, samples: 1), KernelCase(5, 12, k: 7, samples: 2),
        KernelCase(3, 17, k: 9, size: (10, 12), samples: 5),
        KernelCase(24, 40, k: 3, size: (6, 10), samples: 7), KernelCase(9, 33, k: 11, size: (12, 4)),
        KernelCase(17, 5, k: 5, size: (8, 30)), KernelCase(17, 37, k: 5, size: (8, 32), samples: 2),
        KernelCase(16, 33, k: 3, size: (12, 20), samples: 2), KernelCase(3, 4, k: 3, size: (4, 4)), KernelCase(8, 40, k: 5, samples: 1),
        KernelCase(8, 16, k: 3, size: (30, 28), samples: 1), KernelCase(8, 16, k: 5, size: (6, 4), samples: 1),
        KernelCase(16, 16, k: 5, classes: 11, size: (16, 16), samples: 6), KernelCase(8, 16, k: 3, classes: 26, size: (2, 2), samples: 4),
        KernelCase(7, 8, k: 3, classes: 4, size: (18, 58), samples: 2), KernelCase(40, 3, k: 1, size: (14, 14)),
        KernelCase(2, 3, k: 3, size: (8, 76), samples: 1), KernelCase(8, 4, k: 5, size: (6, 64), samples: 1),
        KernelCase(8, 16, k: 3, .coarse), KernelCase(16, 32, k: 3, samples: 2, .coarse), KernelCase(8, 16, k: 5, samples: 2, .coarse),
        KernelCase(5, 12, k: 7, size: (10, 10), .coarse), KernelCase(8, 16, k: 3, .mostlyNegative),
        KernelCase(6, 20, k: 5, size: (12, 16), .mostlyNegative), KernelCase(8, 16, k: 3, samples: 2, .notFinite),
        KernelCase(9, 20, k: 5, size: (8, 16), samples: 2, .notFinite), KernelCase(8, 16, k: 5, size: (4, 28), samples: 1, .tiny),
        KernelCase(5, 12, k: 7, size: (8, 8), samples: 3, .notFinite), KernelCase(8, 16, k: 3, size: (8, 12), samples: 3, .tiny),
        KernelCase(9, 17, k: 7, size: (8, 12), samples: 3, .tiny),
    ]
}

/// Seeded numbers for a case's tensors.
package struct Numbers {
    private var generator: MersenneTwister
    private let kind: KernelCase.Numbers

    package init(_ kernelCase: KernelCase, seed: UInt64) {
        generator = MersenneTwister(seed: seed)
        kind = kernelCase.numbers
    }

    package mutating func next() -> Float {
        let x = generator.uniform(-1...1)
        switch kind {
        case .ordinary: return x
        case .coarse: return (x * 4).rounded(.towardZero) / 4
        case .mostlyNegative: return x - 0.9
        case .tiny: return x * 1e-20
        case .notFinite:
            switch generator.next32() % 4096 {
            case 0: return .nan
            case 1: return .infinity
            case 2: return -.infinity
            default: return x
            }
        }
    }

    package mutating func tensor(_ count: Int) -> [Float] { (0..<count).map { _ in next() } }

    /// A tensor of `rows` rows of `stride` numbers, of which those from `used` on are padding: 0.
    package mutating func padded(rows: Int, used: Int, stride: Int) -> [Float] {
        (0..<rows).flatMap { _ in tensor(used) + [Float](repeating: 0, count: stride - used) }
    }

    /// An image of `channels` channels, `stride` floats a pixel, with the geometry's border of zeros.
    package mutating func image(_ g: Geometry, channels: Int, stride: Int) -> [Float] {
        var image = [Float](repeating: 0, count: g.paddedHeight * g.paddedWidth * stride)
        for y in 0..<g.height {
            for x in 0..<g.width {
                let pixel = ((y + g.padding) * g.paddedWidth + x + g.padding) * stride
                for c in 0..<channels { image[pixel + c] = next() }
            }
        }
        return image
    }
}
