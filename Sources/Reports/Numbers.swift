import Studies

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// The number with a fixed count of decimals, correctly rounded: `0.9673`. A number that rounds to zero has no sign.
package func fixed(_ value: Double, _ decimals: Int = 4) -> String {
    guard value.isFinite else { return value.isNaN ? "nan" : value < 0 ? "-inf" : "inf" }
    var buffer = [CChar](repeating: 0, count: 400 + decimals)
    let length = withVaList([CInt(decimals), value]) { vsnprintf(&buffer, buffer.count, "%.*f", $0) }
    let text = String(decoding: buffer.prefix(Int(length)).map { UInt8(bitPattern: $0) }, as: UTF8.self)
    return text.hasPrefix("-") && !text.contains { ("1"..."9").contains($0) } ? String(text.dropFirst()) : text
}

/// A change with its sign: `+0.0021`, `-0.0096`, and `0.0000` where nothing is left of it.
package func signed(_ value: Double, _ decimals: Int = 4) -> String {
    let text = fixed(value, decimals)
    return text.hasPrefix("-") || !text.contains { ("1"..."9").contains($0) } ? text : "+" + text
}

/// A change with its sign and commas between the thousands: `+34,912`, `0`.
package func signedGrouped(_ value: Int) -> String {
    (value > 0 ? "+" : "") + grouped(value)
}

/// A number with zeros before it up to a width.
func zeroPadded(_ value: Int, width: Int) -> String {
    let digits = "\(value)"
    return String(repeating: "0", count: max(0, width - digits.count)) + digits
}

/// The text with blanks up to a width, after it or before it.
package func padded(_ text: String, to width: Int, alignRight: Bool = false) -> String {
    let blanks = String(repeating: " ", count: max(0, width - text.count))
    return alignRight ? blanks + text : text + blanks
}
