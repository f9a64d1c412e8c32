import Testing

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// The document's table of modules against what `Package.swift` lets them import.
struct ModuleTableTests {
    private static func text(_ path: String) throws -> String {
        let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
        return try String(contentsOf: root.appending(path: path), encoding: .utf8)
    }

    /// The package's own dependencies of each module that is declared as `module("Name", ...)`.
    private static func declared() throws -> [String: Set<String>] {
        var modules: [String: Set<String>] = [:]
        for match in try text("Package.swift").matches(of: /\bmodule\(\s*"(\w+)"([^)]*?)(?:, exclude:[^)]*)?\)/) {
            modules[String(match.1)] = Set(match.2.matches(of: /"(\w+)"/).map { String($0.1) })
        }
        return modules
    }

    /// The modules of each row of the table, and what they import.
    private static func rows() throws -> [(modules: [String], imports: Set<String>)] {
        try text("docs/architecture.md").split(separator: "\n").compactMap { line in
            guard let row = line.wholeMatch(of: /\| (`.*?) \| .* \| (.*?) \|/) else { return nil }
            func names(_ cell: Substring) -> [String] { cell.matches(of: /`(\w+)`/).map { String($0.1) } }
            return (names(row.1), Set(names(row.2)))
        }
    }

    @Test func theTableOfModulesIsThePackages() throws {
        let declared = try Self.declared()
        #expect(declared.count > 15)
        var found: Set<String> = []
        for (modules, imports) in try Self.rows() {
            for module in modules {
                guard let expected = declared[module] else { continue }
                // It imports nearly everything.
                if module != "Fuzzing" { #expect(imports == expected, "\(module)") }
                found.insert(module)
            }
        }
        #expect(found == Set(declared.keys))
    }
}
