package import Datasets

/// Some images of a data set with their labels, to be looked at: in a row, grey, the labels above them.
package struct SampleSheet: Sendable, Hashable {
    let images: ImageSet
    private let dataset: String

    /// - Parameters:
    ///   - images: the images to show, in order.
    ///   - dataset: the name of the data set they are from.
    package init(_ images: ImageSet, dataset: String) {
        self.images = images
        self.dataset = dataset
    }

    /// Shows some images of a set.
    ///
    /// - Parameter indices: which images, in the order in which they are shown; each must be within the set.
    package init(_ images: ImageSet, at indices: [Int], dataset: String) {
        let size = images.height * images.width
        self.init(
            ImageSet(
                height: images.height, width: images.width, pixels: indices.flatMap { images.pixels[$0 * size..<($0 + 1) * size] },
                labels: indices.map { images.labels[$0] }),
            dataset: dataset)
    }

    /// The samples in one row as an SVG file's text.
    package var svg: String {
        let scale = max(1, 84 / images.width)
        let (cellWidth, cellHeight) = (images.width * scale, images.height * scale)
        let (left, top, gap) = (20, 88, 14)
        let labels = images.labels.map { "\($0)" }.joined(separator: ", ")
        var svg = SVG(
            width: max(left * 2 + images.count * (cellWidth + gap) - gap, 320), height: top + cellHeight + 24,
            title: "Samples of \(dataset)",
            description: "\(images.count) images in a row with their labels: \(labels).",
            styles: [.init(selector: ".paper", light: "fill:#000000", dark: "fill:#000000;stroke:#3d444d")])
        svg.addText("Samples of \(dataset)", x: left, y: 36, classes: "ink large")
        for index in images.labels.indices {
            let x = left + index * (cellWidth + gap)
            svg.addText("\(images.labels[index])", x: x + cellWidth / 2, y: top - 10, classes: "ink middle")
            svg.add(
                "<g transform=\"translate(\(x) \(top)) scale(\(scale))\" shape-rendering=\"crispEdges\"><title>label \(images.labels[index])</title>"
                    + "<rect class=\"paper\" stroke-width=\"0.3\" width=\"\(images.width)\" height=\"\(images.height)\"/>")
            svg.add(pixelRuns(of: index) + "</g>")
        }
        return svg.text
    }

    /// An image's pixels, black left out, neighbours of the same grey as one rectangle.
    private func pixelRuns(of index: Int) -> String {
        var runs = ""
        for row in 0..<images.height {
            var column = 0
            while column < images.width {
                let grey = pixel(index, row, column)
                var end = column + 1
                while end < images.width, pixel(index, row, end) == grey { end += 1 }
                if grey > 0 {
                    runs +=
                        "<rect x=\"\(column)\" y=\"\(row)\" width=\"\(end - column)\" height=\"1\" fill=\"rgb(\(grey),\(grey),\(grey))\"/>"
                }
                column = end
            }
        }
        return runs
    }

    private func pixel(_ index: Int, _ row: Int, _ column: Int) -> UInt8 {
        images.pixels[(index * images.height + row) * images.width + column]
    }
}
