import Datasets

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// The data sets on which PyTorch's numbers were recorded.
enum ParityData {
    /// Where the IDX files of MNIST are: named by the environment, or beside the clone. Says so where they are not.
    static let mnistDirectory: String? = {
        let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
        let named = ProcessInfo.processInfo.environment["MINISHARD_TEST_MNIST"]
        let directory = named ?? root.deletingLastPathComponent().appending(path: "shared/mnist").path
        if FileManager.default.fileExists(atPath: directory) { return directory }
        print(
            "SKIPPED: parity with PyTorch on real MNIST. There is no \(directory); name the IDX files' directory in MINISHARD_TEST_MNIST.")
        return nil
    }()

    static let mnist = Result { try DatasetDirectory.load(mnistDirectory ?? "") }

    static let synthetic = SyntheticDigits.dataset()
}
