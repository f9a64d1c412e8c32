/// A whole number with commas between the thousands: `32,618`.
package func grouped(_ value: Int) -> String {
    var text = ""
    let digits = "\(value.magnitude)"
    for (index, digit) in digits.enumerated() {
        if index > 0, (digits.count - index) % 3 == 0 { text += "," }
        text.append(digit)
    }
    return (value < 0 ? "-" : "") + text
}
