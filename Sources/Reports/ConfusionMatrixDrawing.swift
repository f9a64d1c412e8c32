import Coordinator
import Studies

/// A picture of a confusion matrix: true classes in rows, predicted classes in columns, the count in each cell.
///
/// Right answers, on the diagonal, are blue, the deeper the larger their share of the true class; errors are orange, the deeper the more of them.
/// The two scales are separate because errors are few: on a common one they would all look alike.
package struct ConfusionMatrixDrawing: Sendable, Hashable {
    private static let top = 112
    private static let left = 84
    private static let gap = 2

    /// Images by true class (row) and predicted class (column).
    private let matrix: [[Int]]
    private let title: String
    private let dataset: String

    /// - Parameters:
    ///   - matrix: images by true class (row) and predicted class (column); square.
    ///   - title: which run it belongs to.
    ///   - dataset: the data set's name.
    package init(_ matrix: [[Int]], title: String, dataset: String) {
        self.matrix = matrix
        self.title = title
        self.dataset = dataset
    }

    private var total: Int { matrix.reduce(0) { $0 + $1.reduce(0, +) } }

    /// Wrong cells that are not empty, the fullest first, equals in the order of reading.
    private var errors: [(row: Int, column: Int, count: Int)] {
        matrix.indices.flatMap { row in
            matrix[row].indices.filter { $0 != row && matrix[row][$0] > 0 }.map { (row, $0, matrix[row][$0]) }
        }.sorted { ($1.count, $0.row, $0.column) < ($0.count, $1.row, $1.column) }
    }

    private var subtitle: String {
        let share = total == 0 ? "" : " (accuracy \(fixed(Double(matrix.correct) / Double(total))))"
        return "\(grouped(matrix.correct)) of \(grouped(total)) test images of \(dataset) right\(share)"
    }

    private var description: String {
        let worst = errors.prefix(3).map { "\($0.row) taken for \($0.column) (\(grouped($0.count)))" }
        return "Rows are true classes, columns predicted ones. \(subtitle). "
            + (worst.isEmpty ? "There are no errors." : "Most frequent errors: \(worst.joined(separator: ", ")).")
    }

    /// The picture as an SVG file's text.
    package var svg: String {
        let digits = matrix.flatMap(\.self).map { grouped($0).count }.max() ?? 1
        let cell = max(44, 9 * digits + 14)
        let side = cell * matrix.count
        let width = max(ConfusionMatrixDrawing.left + side + 96, 460)
        let height = ConfusionMatrixDrawing.top + side + 84
        var svg = SVG(
            width: width, height: height, title: "Confusion matrix: \(title)", description: description,
            styles: [
                .init(selector: ".empty", light: "fill:#f1f3f5", dark: "fill:#161b22"),
                .init(selector: ".hit", light: "fill:#0b57b8", dark: "fill:#6cb6ff"),
                .init(selector: ".miss", light: "fill:#c2410c", dark: "fill:#ff9b52"),
                .init(selector: ".on-medium", light: "fill:#1f2328", dark: "fill:#0d1117"),
                .init(selector: ".on-deep", light: "fill:#ffffff", dark: "fill:#0d1117"),
            ])
        svg.addText("Confusion matrix: \(title)", x: 20, y: 34, classes: "ink large")
        svg.addText(subtitle, x: 20, y: 56, classes: "faint")
        addAxes(to: &svg, cell: cell, side: side)
        addCells(to: &svg, cell: cell)
        addScales(to: &svg, y: ConfusionMatrixDrawing.top + side + 34)
        return svg.text
    }

    private func addAxes(to svg: inout SVG, cell: Int, side: Int) {
        let (top, left) = (ConfusionMatrixDrawing.top, ConfusionMatrixDrawing.left)
        svg.addText("Predicted label", x: left + side / 2, y: top - 30, classes: "faint middle")
        let middle = top + side / 2
        svg.addText("True label", x: 30, y: middle, classes: "faint middle", attributes: "transform=\"rotate(-90 30 \(middle))\"")
        svg.addText("recall", x: left + side + 76, y: top - 10, classes: "faint end small")
        for label in matrix.indices {
            svg.addText("\(label)", x: left + cell * label + cell / 2, y: top - 10, classes: "ink middle")
            let y = top + cell * label + cell / 2 + 5
            svg.addText("\(label)", x: left - 12, y: y, classes: "ink end")
            let count = matrix[label].reduce(0, +)
            let recall = count == 0 ? "–" : fixed(100 * Double(matrix[label][label]) / Double(count), 1) + " %"
            svg.addText(recall, x: left + side + 76, y: y, classes: "faint end small")
        }
    }

    private func addCells(to svg: inout SVG, cell: Int) {
        let (top, left, gap) = (ConfusionMatrixDrawing.top, ConfusionMatrixDrawing.left, ConfusionMatrixDrawing.gap)
        let mostErrors = errors.first?.count ?? 1
        for row in matrix.indices {
            let count = matrix[row].reduce(0, +)
            for column in matrix[row].indices {
                let value = matrix[row][column]
                let place =
                    "x=\"\(left + cell * column)\" y=\"\(top + cell * row)\" width=\"\(cell - gap)\" height=\"\(cell - gap)\" rx=\"3\""
                svg.add("<rect class=\"empty\" \(place)/>")
                guard value > 0 else { continue }
                let share = row == column ? Double(value) / Double(count) : Double(value - 1) / Double(max(1, mostErrors - 1))
                let opacity = ConfusionMatrixDrawing.opacity(share)
                let tip =
                    "true \(row), predicted \(column): \(grouped(value)) of \(grouped(count)) (\(fixed(100 * Double(value) / Double(count), 1)) %)"
                svg.add(
                    "<g><title>\(xml(tip))</title><rect class=\"\(row == column ? "hit" : "miss")\" fill-opacity=\"\(fixed(opacity, 2))\" \(place)/>"
                )
                svg.addText(
                    grouped(value), x: left + cell * column + (cell - gap) / 2, y: top + cell * row + cell / 2 + 4,
                    classes: "\(ConfusionMatrixDrawing.textClass(on: opacity)) middle")
                svg.add("</g>")
            }
        }
    }

    /// Two scales with their ends: shares of right answers and counts of errors.
    private func addScales(to svg: inout SVG, y: Int) {
        var scales = [("hit", "right, share of the true class", "0 %", "100 %")]
        if let most = errors.first?.count {
            scales.append(("miss", "wrong, images", "1", grouped(most)))
        }
        for (index, scale) in scales.enumerated() {
            let x = ConfusionMatrixDrawing.left + 224 * index
            svg.addText(scale.1, x: x, y: y, classes: "ink small")
            for step in 0..<11 {
                let opacity = fixed(ConfusionMatrixDrawing.opacity(Double(step) / 10), 2)
                svg.add(
                    "<rect class=\"\(scale.0)\" fill-opacity=\"\(opacity)\" x=\"\(x + 16 * step)\" y=\"\(y + 9)\" width=\"15\" height=\"12\"/>"
                )
            }
            svg.addText(scale.2, x: x, y: y + 37, classes: "faint small")
            svg.addText(scale.3, x: x + 175, y: y + 37, classes: "faint small end")
        }
    }

    /// The class of a text that keeps its contrast to the cell under it, in light and in dark.
    private static func textClass(on opacity: Double) -> String {
        opacity < 0.6 ? "ink" : opacity < 0.77 ? "on-medium" : "on-deep"
    }

    /// How opaque a cell's colour is for a value between 0 and 1: never so faint that it could be taken for an empty one.
    private static func opacity(_ share: Double) -> Double { 0.15 + 0.85 * share }
}
