#if arch(x86_64) && os(Linux)

    #if canImport(Glibc)
        import Glibc
    #else
        import Musl
    #endif

    /// The machine code of this build's modules, as `objdump` shows it.
    enum Disassembly {
        /// A group of instructions that not every x86-64 processor has.
        enum Extension: Sendable {
            /// Any instruction in vector encoding, AVX to AVX-512.
            case avx
            /// The registers that came with AVX-512.
            case avx512
            /// Instructions on bits that came with the same processors as AVX2. Not `tzcnt`: older processors run it as the `bsf` that it is to them.
            case bits
        }

        struct Function {
            let name: String
            /// Whether the linker may take another module's function of this name for it, or it for that one's.
            var isShared = true
            var extensions: Set<Extension> = []
        }

        struct CommandFailed: Error {
            let command: String
        }

        /// Whether there is an `objdump`. Says so where there is none.
        static let isPossible: Bool = {
            let found = (try? forEachLine(of: "objdump --version 2>&1") { _ in }) != nil
            if !found { print("SKIPPED: the machine code is not inspected. There is no objdump; it comes with binutils.") }
            return found
        }()

        /// The functions in a module's object files, which SwiftPM puts into a directory beside the test program.
        static func functions(of module: String) throws -> [Function] {
            let program = CommandLine.arguments[0]
            let directory = program.lastIndex(of: "/").map { program[..<$0] } ?? "."
            let objects = "'\(directory)/\(module).build'/*.o"
            var locals: Set<String> = []
            try forEachLine(of: "nm \(objects)") { line in
                if let name = strstr(line, " t ") { locals.insert(String(String(cString: name + 3).dropLast())) }
            }
            var functions: [Function] = []
            try forEachLine(of: "objdump -d --no-show-raw-insn \(objects)") { line in
                if let tab = strchr(line, 9) {
                    functions[functions.count - 1].extensions.formUnion(extensions(in: tab + 1))
                } else if let name = strstr(line, " <"), strstr(name, ">:") != nil {
                    let name = String(String(cString: name + 2).dropLast(3))
                    functions.append(Function(name: name, isShared: !locals.contains(name)))
                }
            }
            return functions
        }

        private static func extensions(in instruction: UnsafePointer<CChar>) -> Set<Extension> {
            // No other instruction's name starts with these letters.
            guard strchr("vk{", Int32(instruction[0])) == nil else {
                let isAVX512 =
                    strchr("k{", Int32(instruction[0])) != nil || strstr(instruction, "%zmm") != nil || strstr(instruction, "{%k") != nil
                return isAVX512 ? [.avx, .avx512] : [.avx]
            }
            let isOnBits = bitInstructions.contains { strncmp(instruction, $0, strlen($0)) == 0 }
            return isOnBits ? [.bits] : []
        }

        private static let bitInstructions = [
            "andn ", "bextr", "blsi", "blsr", "blsmsk", "bzhi", "lzcnt", "movbe", "mulx", "pdep", "pext", "popcnt", "rorx", "sarx", "shlx",
            "shrx",
        ]

        /// Runs a shell command and passes on each line that it prints. Throws when the command fails.
        private static func forEachLine(of command: String, _ body: (UnsafePointer<CChar>) -> Void) throws {
            guard let output = popen(command, "r") else { throw CommandFailed(command: command) }
            var line: UnsafeMutablePointer<CChar>?
            var capacity = 0
            while getline(&line, &capacity, output) >= 0, let line { body(line) }
            free(line)
            guard pclose(output) == 0 else { throw CommandFailed(command: command) }
        }
    }

#endif
