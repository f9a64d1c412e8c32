import Testing

#if arch(x86_64) && os(Linux)

    /// Instructions that not every x86-64 processor has stand in the kernels for those processors, and nowhere else.
    ///
    /// What a compiler emits of generic or imported code is weak: of several modules' copies the linker takes one for all. A copy from a kernel module would
    /// end the program on an older processor, so none may use that module's instructions.
    ///
    /// A debug build has such a copy, `__swift_memcpy` with a size, for each struct of a kernel module that is neither private nor generic.
    @Suite(.enabled(if: Disassembly.isPossible, "needs objdump, which comes with binutils"))
    struct MachineCodeTests {
        @Test(arguments: ["CPUFeatures", "RandomStreams", "CNNKernels", "CNNCore"])
        func modulesForEveryProcessorUseNoExtension(_ module: String) throws {
            let functions = try Disassembly.functions(of: module)
            #expect(!functions.isEmpty)
            for function in functions { #expect(function.extensions.isEmpty, "\(module), \(function.name)") }
        }

        @Test(arguments: [("CNNKernelsAVX512", Disassembly.Extension.avx512), ("CNNKernelsAVX2", .avx)])
        func functionsThatOtherModulesMayShareUseNoExtension(_ module: String, _ its: Disassembly.Extension) throws {
            let functions = try Disassembly.functions(of: module)
            let mangled = "\(module.utf8.count)\(module)"
            for function in functions where function.isShared && !function.name.contains(mangled) {
                #expect(function.extensions.isEmpty, "\(module), \(function.name)")
            }
            // What is looked for is there, in the module's own functions: so it would have been found.
            #expect(functions.contains { $0.name.contains(mangled) && $0.extensions.contains(its) })
        }

        @Test func kernelsForAVX2UseNothingOfAVX512() throws {
            for function in try Disassembly.functions(of: "CNNKernelsAVX2") {
                #expect(!function.extensions.contains(.avx512), "\(function.name)")
            }
        }
    }

#endif
