/// Text as it stands in XML, between tags or in an attribute's quotes. Characters that XML cannot hold become U+FFFD.
func xml(_ text: String) -> String {
    var result = ""
    for scalar in text.unicodeScalars {
        switch scalar {
        case "&": result += "&amp;"
        case "<": result += "&lt;"
        case ">": result += "&gt;"
        case "\"": result += "&quot;"
        case "'": result += "&#39;"
        case "\t", "\n", "\r": result += "&#\(scalar.value);"
        case "\0"..<" ", "\u{FFFE}", "\u{FFFF}": result += "\u{FFFD}"
        default: result.unicodeScalars.append(scalar)
        }
    }
    return result
}

/// An SVG picture that explains itself to screen readers and follows the reader's choice of light or dark.
///
/// Colours come by class: `page` is the background; `ink` and `faint` are for text. A renderer without media queries shows the light ones.
struct SVG {
    /// Text of a colour and the colour of what lies under it, in light and in dark.
    struct Style {
        let selector: String
        let light: String
        let dark: String
    }

    private static let common = [
        Style(selector: ".page", light: "fill:#ffffff", dark: "fill:#0d1117"),
        Style(selector: ".ink", light: "fill:#1f2328", dark: "fill:#e6edf3"),
        Style(selector: ".faint", light: "fill:#59636e", dark: "fill:#9198a1"),
    ]

    private let head: String
    private var body = ""

    /// - Parameters:
    ///   - title: the picture's name.
    ///   - description: what is to be seen, for those who cannot see it.
    init(width: Int, height: Int, title: String, description: String, styles: [Style] = []) {
        let all = SVG.common + styles
        let light = all.map { "\($0.selector){\($0.light)}" }.joined()
        let dark = all.map { "\($0.selector){\($0.dark)}" }.joined()
        head = """
            <svg xmlns="http://www.w3.org/2000/svg" width="\(width)" height="\(height)" viewBox="0 0 \(width) \(height)" role="img" \
            aria-labelledby="title description">
            <title id="title">\(xml(title))</title>
            <desc id="description">\(xml(description))</desc>
            <style>
            text{font-family:system-ui,-apple-system,"Segoe UI",Roboto,"Helvetica Neue",Arial,sans-serif;font-size:14px;font-variant-numeric:tabular-nums}
            .middle{text-anchor:middle}.end{text-anchor:end}.large{font-size:18px;font-weight:600}.small{font-size:12px}
            \(light)
            @media (prefers-color-scheme:dark){\(dark)}
            </style>
            <rect class="page" width="\(width)" height="\(height)"/>

            """
    }

    /// The file's text.
    var text: String { head + body + "</svg>\n" }

    /// Adds an element's text, which must be escaped already.
    mutating func add(_ element: String) {
        body += element + "\n"
    }

    /// Adds a line of text, `y` being its baseline.
    mutating func addText(_ text: String, x: Int, y: Int, classes: String = "ink", attributes: String = "") {
        add("<text class=\"\(classes)\" x=\"\(x)\" y=\"\(y)\"\(attributes.isEmpty ? "" : " " + attributes)>\(xml(text))</text>")
    }
}
