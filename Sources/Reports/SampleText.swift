import Datasets

/// How pictures can be drawn in a terminal.
package enum TerminalShades: Sendable, Hashable {
    /// Half blocks in 24-bit colours.
    case trueColor
    /// Half blocks in the greys of the 256-colour palette.
    case palette
    /// Plain ASCII characters, without colours.
    case plain

    /// What an output can show: nothing but plain text when it is not a terminal, when `NO_COLOR` is not empty, and when `TERM` is `dumb` or missing.
    package init(environment: [String: String], isTerminal: Bool) {
        let terminal = environment["TERM"] ?? ""
        if !isTerminal || environment["NO_COLOR"]?.isEmpty == false || terminal.isEmpty || terminal == "dumb" {
            self = .plain
        } else {
            self = ["truecolor", "24bit"].contains(environment["COLORTERM"] ?? "") ? .trueColor : .palette
        }
    }
}

extension SampleSheet {
    /// The least width of a picture in columns at which a digit can be recognised.
    private static let leastWidth = 18
    private static let gap = 2

    /// The samples as text, as many in a row as the terminal's width allows, each with its label above it.
    ///
    /// - Parameter columns: the terminal's width.
    package func text(shades: TerminalShades, columns: Int = 80) -> String {
        guard images.count > 0, images.width > 0, images.height > 0 else { return "" }
        let fitting = max(1, (columns + SampleSheet.gap) / (SampleSheet.leastWidth + SampleSheet.gap))
        let rows = (images.count + fitting - 1) / fitting
        // As few rows as possible, equally full.
        let perRow = (images.count + rows - 1) / rows
        let width = min(images.width, max(1, (columns - SampleSheet.gap * (perRow - 1)) / perRow))
        let blocks = stride(from: 0, to: images.count, by: perRow).map { first in
            row(of: first..<min(first + perRow, images.count), width: width, shades: shades)
        }
        return blocks.joined(separator: "\n")
    }

    /// Some samples side by side, `width` columns each.
    private func row(of samples: Range<Int>, width: Int, shades: TerminalShades) -> String {
        let blank = String(repeating: " ", count: SampleSheet.gap)
        let titles = samples.map { index in
            let label = "\(images.labels[index])"
            return padded(String(repeating: " ", count: max(0, (width - label.count) / 2)) + label, to: width)
        }
        var title = titles.joined(separator: blank)
        while title.last == " " { title.removeLast() }
        let pictures = samples.map { picture(of: $0, width: width, shades: shades) }
        let lines = pictures[0].indices.map { line in pictures.map { $0[line] }.joined(separator: blank) }
        return ([title] + lines).map { $0 + "\n" }.joined()
    }

    /// A sample's lines. A character cell is about twice as high as wide: a half block shows two dots above each other, a letter one.
    private func picture(of index: Int, width: Int, shades: TerminalShades) -> [String] {
        let lines = max(1, width * images.height / images.width / 2)
        switch shades {
        case .plain:
            let dots = scaled(index, rows: lines, columns: width)
            return dots.map { String($0.map(SampleSheet.letter)) }
        case .trueColor, .palette:
            let dots = scaled(index, rows: 2 * lines, columns: width)
            return (0..<lines).map { line in
                zip(dots[2 * line], dots[2 * line + 1]).map { upper, lower in
                    "\u{1B}[38;\(shades.code(upper));48;\(shades.code(lower))m▀"
                }.joined() + "\u{1B}[0m"
            }
        }
    }

    private static func letter(_ grey: UInt8) -> Character {
        let ramp: [Character] = Array(" .:-=+*#%@")
        return ramp[Int(grey) * ramp.count / 256]
    }

    /// A sample drawn with another number of dots: each is the mean of the pixels under it, by the area it covers of them.
    private func scaled(_ index: Int, rows: Int, columns: Int) -> [[UInt8]] {
        let size = images.height * images.width
        let pixels = images.pixels[index * size..<(index + 1) * size].map(Double.init)
        let byRow = overlaps(from: images.height, to: rows)
        let byColumn = overlaps(from: images.width, to: columns)
        return byRow.map { vertical in
            byColumn.map { horizontal in
                var sum = 0.0
                for (row, height) in vertical {
                    for (column, width) in horizontal {
                        sum += pixels[row * images.width + column] * height * width
                    }
                }
                return UInt8(min(255, sum.rounded()))
            }
        }
    }

    /// Which of `count` equal pieces each of `parts` equal parts of the same length covers, and by which share of the part.
    private func overlaps(from count: Int, to parts: Int) -> [[(index: Int, share: Double)]] {
        (0..<parts).map { part in
            // In units of 1 / (count * parts) of the length everything is a whole number.
            let (begin, end) = (part * count, (part + 1) * count)
            return (begin / parts...(end - 1) / parts).map { index in
                let covered = min(end, (index + 1) * parts) - max(begin, index * parts)
                return (index, Double(covered) / Double(count))
            }
        }
    }
}

extension TerminalShades {
    /// A grey as the parameters of the terminal's colour command, after 38 or 48.
    fileprivate func code(_ grey: UInt8) -> String {
        guard self == .palette else { return "2;\(grey);\(grey);\(grey)" }
        // 232 to 255 are greys from 8 to 238 in steps of 10; 16 is black and 231 white.
        switch grey {
        case ..<4: return "5;16"
        case 247...: return "5;231"
        default: return "5;\(232 + min(23, (Int(grey) - 3) / 10))"
        }
    }
}
