import ForeignText
import Testing

struct FitForLogTests {
    @Test(
        "Text from elsewhere becomes one line",
        arguments: [
            ("plain é 日本 👩", "plain é 日本 👩"), ("a\nb\r\nc\td", "a b  c d"), ("\u{1B}[2J\u{7}", " [2J "), ("\u{85}\u{2028}\u{2029}", "   "),
            ("left\u{202E}right", "left right"), ("", ""),
        ])
    func oneLine(text: String, expected: String) {
        #expect(text.fitForLog == expected)
    }

    @Test("Text of any length becomes short, also where it is one character")
    func short() {
        #expect(String(repeating: "x", count: 1000).fitForLog == String(repeating: "x", count: 300))
        let marks = "e" + String(repeating: "\u{301}", count: 1000)
        #expect(marks.count == 1)
        #expect(marks.fitForLog.unicodeScalars.count == 300)
    }
}
