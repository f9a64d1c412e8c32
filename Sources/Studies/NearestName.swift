/// The known name that a mistyped one is probably meant to be: the one with the fewest changed, missing, added or swapped neighbouring letters,
/// the first of equals; nil when all differ in more than a third of their letters (but two at least).
package func nearestName(to name: String, among known: [String]) -> String? {
    var nearest: (name: String, distance: Int)?
    for candidate in known {
        let distance = editDistance(Array(name.lowercased()), Array(candidate.lowercased()))
        if distance <= max(2, candidate.count / 3), distance < nearest?.distance ?? Int.max {
            nearest = (candidate, distance)
        }
    }
    return nearest?.name
}

/// The optimal string alignment distance: insertions, deletions, substitutions and swaps of neighbours, each at cost 1.
private func editDistance(_ a: [Character], _ b: [Character]) -> Int {
    var beforePrevious: [Int] = []
    var previous = Array(0...b.count)
    for i in a.indices {
        var row = [i + 1]
        for j in b.indices {
            var cost = min(previous[j + 1] + 1, row[j] + 1, previous[j] + (a[i] == b[j] ? 0 : 1))
            if i > 0, j > 0, a[i] == b[j - 1], a[i - 1] == b[j] {
                cost = min(cost, beforePrevious[j - 1] + 1)
            }
            row.append(cost)
        }
        (beforePrevious, previous) = (previous, row)
    }
    return previous[b.count]
}
