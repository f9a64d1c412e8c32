extension RandomAccessCollection {
    /// `size` elements after the other; the last chunk may be short.
    package func chunks(of size: Int) -> [SubSequence] {
        var chunks: [SubSequence] = []
        var rest = self[...]
        while !rest.isEmpty {
            chunks.append(rest.prefix(size))
            rest = rest.dropFirst(size)
        }
        return chunks
    }
}
