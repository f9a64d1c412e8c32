/// Rows of one length, such as the images of a data set, that nobody changes any more.
///
/// Whoever sends some of them need only name them where the receiver has the same table.
package final class RowTable: @unchecked Sendable {
    private enum Storage {
        case array([UInt8])
        case memory(owner: AnyObject, UnsafeRawBufferPointer)
    }

    /// Bytes of a row.
    package let rowSize: Int
    /// Number of rows.
    package let count: Int
    private let storage: Storage

    /// A table of an array's bytes, `rowSize` of them a row.
    package init(_ bytes: [UInt8], rowSize: Int) {
        self.rowSize = rowSize
        count = bytes.count / max(1, rowSize)
        storage = .array(bytes)
    }

    /// A table in memory that belongs to another object, which must neither move nor change it while it lives.
    package init(owner: AnyObject, bytes: UnsafeRawBufferPointer, rowSize: Int) {
        self.rowSize = rowSize
        count = bytes.count / max(1, rowSize)
        storage = .memory(owner: owner, bytes)
    }

    /// Some rows that stand one after the other, where they are; nil if they do not stay there.
    fileprivate func frame(of rows: Range<Int>) -> Frame? {
        guard case .memory(let owner, let bytes) = storage else { return nil }
        return Frame(
            owner: owner, bytes: UnsafeRawBufferPointer(rebasing: bytes[rows.lowerBound * rowSize..<rows.upperBound * rowSize]))
    }

    fileprivate func withUnsafeBytes<Result>(_ body: (UnsafeRawBufferPointer) -> Result) -> Result {
        switch storage {
        case .array(let bytes): bytes.withUnsafeBytes(body)
        case .memory(let owner, let bytes): withExtendedLifetime(owner) { body(bytes) }
        }
    }
}

/// Some rows of a table, in any order.
package struct TableRows: Sendable {
    package let table: RowTable
    /// The rows' numbers; all of them are the table's.
    package let numbers: [UInt32]

    /// - Parameter numbers: less than the table's `count`.
    package init(of table: RowTable, numbers: [UInt32]) {
        precondition(numbers.allSatisfy { $0 < table.count }, "rows of a table of \(table.count)")
        self.table = table
        self.numbers = numbers
    }

    /// Their length, one after the other, in bytes.
    package var byteCount: Int { numbers.count * table.rowSize }

    /// The rows one after the other: where they are if they stand so in memory that stays, or else copied.
    package func gathered() -> Frame {
        let size = table.rowSize
        if let first = numbers.first.map(Int.init), numbers.indices.allSatisfy({ Int(numbers[$0]) == first + $0 }),
            let frame = table.frame(of: first..<first + numbers.count)
        {
            return frame
        }
        return table.withUnsafeBytes { source in
            Frame(byteCount: byteCount) { target in
                for (place, number) in numbers.enumerated() {
                    UnsafeMutableRawBufferPointer(rebasing: target[place * size..<(place + 1) * size])
                        .copyMemory(from: UnsafeRawBufferPointer(rebasing: source[Int(number) * size..<(Int(number) + 1) * size]))
                }
            }
        }
    }
}
