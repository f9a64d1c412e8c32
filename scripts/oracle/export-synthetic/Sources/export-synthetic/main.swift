import Datasets

let directory = CommandLine.arguments.dropFirst().first ?? "synthetic"
let dataset = SyntheticDigits.dataset(seed: 0, trainCount: 12_000, testCount: 2_000)
try DatasetDirectory.write(dataset, to: directory)
print("\(dataset.name): \(dataset.train.count) training and \(dataset.test.count) test images in \(directory)")
