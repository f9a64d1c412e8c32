import Datasets
import Testing

@testable import Reports

/// Whether XML text is well-formed as far as tags go: every tag is closed in order, attributes are in quotes, no stray `<` or `&`.
private func isWellFormed(_ text: String) -> Bool {
    var open: [Substring] = []
    var rest = text[...]
    let attributes = #/(\s+[\w:-]+="[^"<]*")*\s*/#
    while let start = rest.firstIndex(where: { $0 == "<" || $0 == "&" }) {
        if rest[start] == "&" {
            guard let entity = rest[start...].prefixMatch(of: #/&(amp|lt|gt|quot|#\d+);/#) else { return false }
            rest = rest[entity.range.upperBound...]
            continue
        }
        guard let end = rest[start...].firstIndex(of: ">") else { return false }
        let tag = rest[rest.index(after: start)..<end]
        rest = rest[rest.index(after: end)...]
        if tag.hasPrefix("/") {
            guard open.popLast() == tag.dropFirst() else { return false }
            continue
        }
        let isEmpty = tag.hasSuffix("/")
        let inside = isEmpty ? tag.dropLast() : tag
        let name = inside.prefix { $0.isLetter }
        guard !name.isEmpty, inside.dropFirst(name.count).wholeMatch(of: attributes) != nil else { return false }
        if !isEmpty { open.append(name) }
    }
    return open.isEmpty
}

struct ConfusionMatrixTests {
    private static let drawing = ConfusionMatrixDrawing(
        [[90, 8, 2], [0, 1_000, 0], [1, 0, 0]], title: "<a> & \"b\"", dataset: "d\u{1}<'>")

    @Test func isWellFormedAndEscaped() {
        let svg = Self.drawing.svg
        #expect(isWellFormed(svg))
        #expect(svg.contains("<title id=\"title\">Confusion matrix: &lt;a&gt; &amp; &quot;b&quot;</title>"))
        #expect(svg.contains("test images of d\u{FFFD}&lt;&#39;&gt; right"))
        #expect(!isWellFormed("<a><b></a></b>") && !isWellFormed("<a b=c/>") && !isWellFormed("a & b") && !isWellFormed("<a>"))
    }

    @Test func tellsWhatThereIsToSee() {
        #expect(
            Self.drawing.svg.contains(
                "<desc id=\"description\">Rows are true classes, columns predicted ones. 1,090 of 1,101 test images of "
                    + "d\u{FFFD}&lt;&#39;&gt; right (accuracy 0.9900). Most frequent errors: 0 taken for 1 (8), 0 taken for 2 (2), 2 taken for 0 (1).</desc>"
            ))
        let perfect = ConfusionMatrixDrawing([[1, 0], [0, 0]], title: "t", dataset: "d").svg
        #expect(perfect.contains("There are no errors.") && !perfect.contains("class=\"miss\"") && isWellFormed(perfect))
        #expect(isWellFormed(ConfusionMatrixDrawing([], title: "t", dataset: "d").svg))
    }

    @Test func cellsTellCountsAndShares() {
        let svg = Self.drawing.svg
        for tip in [
            "true 0, predicted 0: 90 of 100 (90.0 %)", "true 0, predicted 1: 8 of 100 (8.0 %)", "true 2, predicted 0: 1 of 1 (100.0 %)",
        ] {
            #expect(svg.contains("<g><title>\(tip)</title>"))
        }
        #expect(svg.contains(">1,000</text>") && svg.contains(">100.0 %</text>") && svg.contains(">0.0 %</text>"))
        // 0.15 + 0.85 · 0.9 of blue on the diagonal; of orange, all for most errors and 0.15 for one.
        #expect(svg.contains("<title>true 0, predicted 0: 90 of 100 (90.0 %)</title><rect class=\"hit\" fill-opacity=\"0.92\""))
        #expect(svg.contains("predicted 1: 8 of 100 (8.0 %)</title><rect class=\"miss\" fill-opacity=\"1.00\""))
        #expect(svg.contains("predicted 0: 1 of 1 (100.0 %)</title><rect class=\"miss\" fill-opacity=\"0.15\""))
    }

    @Test func escapesXML() {
        #expect(xml("a<b>&\"'\n\u{0}\u{FFFF}é") == "a&lt;b&gt;&amp;&quot;&#39;&#10;\u{FFFD}\u{FFFD}é")
    }
}

struct SampleSheetTests {
    /// Two images of 4x4 pixels: a ramp from black to white by columns, and white above black.
    private static let images = ImageSet(
        height: 4, width: 4,
        pixels: Array(repeating: [0, 85, 170, 255], count: 4).flatMap(\.self) + Array(repeating: 255, count: 8)
            + Array(repeating: 0, count: 8),
        labels: [3, 7])

    @Test func drawsRunsOfEqualPixels() {
        let svg = SampleSheet(Self.images, dataset: "<d>").svg
        #expect(isWellFormed(svg))
        #expect(svg.contains("<desc id=\"description\">2 images in a row with their labels: 3, 7.</desc>"))
        #expect(svg.contains("<title>label 3</title>") && svg.contains(">7</text>"))
        #expect(svg.contains("<rect x=\"1\" y=\"0\" width=\"1\" height=\"1\" fill=\"rgb(85,85,85)\"/>"))
        #expect(svg.contains("<rect x=\"0\" y=\"1\" width=\"4\" height=\"1\" fill=\"rgb(255,255,255)\"/>"))
        #expect(!svg.contains("rgb(0,0,0)"))
    }

    @Test func picksImages() {
        #expect(SampleSheet(Self.images, at: [1, 0], dataset: "d").svg.contains("labels: 7, 3."))
        #expect(SampleSheet(Self.images, at: [0, 1], dataset: "d") == SampleSheet(Self.images, dataset: "d"))
    }

    @Test func drawsPlainText() {
        #expect(SampleSheet(Self.images, dataset: "d").text(shades: .plain) == " 3     7\n -*@  @@@@\n -*@      \n")
    }

    @Test func drawsHalfBlocks() {
        let white = ImageSet(height: 2, width: 2, pixels: [255, 0, 128, 3], labels: [1])
        let sheet = SampleSheet(white, dataset: "d")
        #expect(
            sheet.text(shades: .trueColor)
                == "1\n\u{1B}[38;2;255;255;255;48;2;128;128;128m▀\u{1B}[38;2;0;0;0;48;2;3;3;3m▀\u{1B}[0m\n")
        #expect(sheet.text(shades: .palette) == "1\n\u{1B}[38;5;231;48;5;244m▀\u{1B}[38;5;16;48;5;16m▀\u{1B}[0m\n")
    }

    @Test(arguments: [(80, 4), (160, 8), (40, 2), (20, 1), (1, 1)])
    func fitsTheTerminal(columns: Int, perRow: Int) {
        let images = ImageSet(height: 28, width: 28, pixels: Array(repeating: 200, count: 8 * 784), labels: Array(0..<8))
        let lines = SampleSheet(images, dataset: "d").text(shades: .plain, columns: columns).split(separator: "\n")
        #expect(lines.allSatisfy { $0.count <= columns })
        #expect(lines[0].split(separator: " ").count == perRow)
        let labels = lines.flatMap { $0.split(separator: " ") }.compactMap { UInt8($0) }
        #expect(labels == Array(0..<8))
    }

    @Test func drawsNothingOfNothing() {
        let none = SampleSheet(ImageSet(height: 28, width: 28, pixels: [], labels: []), dataset: "d")
        #expect(none.text(shades: .plain) == "" && isWellFormed(none.svg))
    }

    @Test(arguments: [
        (["TERM": "xterm-256color"], true, TerminalShades.palette), (["TERM": "xterm", "COLORTERM": "truecolor"], true, .trueColor),
        (["TERM": "xterm", "COLORTERM": "truecolor"], false, .plain), (["TERM": "dumb", "COLORTERM": "24bit"], true, .plain),
        (["TERM": "xterm", "NO_COLOR": "1"], true, .plain), (["TERM": "xterm", "NO_COLOR": ""], true, .palette), ([:], true, .plain),
    ])
    func coloursWhereTheyAreWelcome(environment: [String: String], isTerminal: Bool, shades: TerminalShades) {
        #expect(TerminalShades(environment: environment, isTerminal: isTerminal) == shades)
    }
}
