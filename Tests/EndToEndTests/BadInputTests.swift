import Processes
import TestSupport
import Testing

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// The four files of a data set, as bytes that tests damage: images of 2x2 pixels, as many as the study takes.
struct DataFiles {
    var files: [String: [UInt8]]

    init() {
        let labels = { (count: Int) in (0..<count).map { UInt8($0 % 10) } }
        files = [
            "train-images-idx3-ubyte": Self.header([12_000, 2, 2]) + [UInt8](repeating: 7, count: 48_000),
            "train-labels-idx1-ubyte": Self.header([12_000]) + labels(12_000),
            "t10k-images-idx3-ubyte": Self.header([2_000, 2, 2]) + [UInt8](repeating: 7, count: 8_000),
            "t10k-labels-idx1-ubyte": Self.header([2_000]) + labels(2_000),
        ]
    }

    /// The header of an IDX file of bytes.
    static func header(_ dimensions: [UInt32]) -> [UInt8] {
        [0, 0, 8, UInt8(dimensions.count)]
            + dimensions.flatMap { dimension in [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: dimension >> $0) } }
    }

    func write(to directory: TemporaryDirectory) throws {
        for (name, bytes) in files { try directory.write(bytes, to: name) }
    }
}

extension EndToEnd {
    /// What cannot be done is refused with a sentence and an exit code, and leaves nothing behind.
    @Suite struct BadInputTests {
        /// A damage to the files of a data set, and what must be said of it.
        struct Damage: Sendable, CustomTestStringConvertible {
            let testDescription: String
            let sentence: [String]
            let apply: @Sendable (inout DataFiles) -> Void

            init(_ name: String, _ sentence: String..., apply: @escaping @Sendable (inout [String: [UInt8]]) -> Void) {
                testDescription = name
                self.sentence = sentence
                self.apply = { apply(&$0.files) }
            }
        }

        private static let trainImages = "train-images-idx3-ubyte"
        private static let testLabels = "t10k-labels-idx1-ubyte"

        @Test(arguments: [
            Damage("a missing file", "train-images-idx3-ubyte") { $0[trainImages] = nil },
            Damage("an empty file", "train-images-idx3-ubyte") { $0[trainImages] = [] },
            Damage("a truncated header", "train-images-idx3-ubyte", "byte") { $0[trainImages]?.removeSubrange(9...) },
            Damage("a truncated body", "train-images-idx3-ubyte", "ends after 48015 bytes", "48016") { $0[trainImages]?.removeLast() },
            Damage("bytes beyond the end", "t10k-labels-idx1-ubyte", "2000") { $0[testLabels]?.append(1) },
            Damage("another magic number", "t10k-labels-idx1-ubyte", "begin with 00 00 08 01", "begins with 1f 00 08 01") {
                $0[testLabels]?[0] = 0x1F
            },
            Damage("floats instead of bytes", "train-images-idx3-ubyte", "32-bit floats") { $0[trainImages]?[2] = 0x0D },
            Damage("labels where images belong", "train-images-idx3-ubyte", "begins with 00 00 08 01") {
                $0[trainImages] = $0["train-labels-idx1-ubyte"]
            },
            Damage("four billion images", "train-images-idx3-ubyte") {
                $0[trainImages]?.replaceSubrange(4..<8, with: [255, 255, 255, 255])
            },
            Damage("no images", "t10k-labels-idx1-ubyte") { $0[testLabels] = DataFiles.header([0]) },
            Damage("fewer labels than images", "2000 images", "1999 labels", "t10k-labels-idx1-ubyte") {
                $0[testLabels] = DataFiles.header([1_999]) + [UInt8](repeating: 1, count: 1_999)
            },
            Damage("a label out of range", "t10k-labels-idx1-ubyte", "label 200", "image 5", "byte 13") { $0[testLabels]?[13] = 200 },
            Damage("a gzip file cut off", "t10k-labels-idx1-ubyte") { $0[testLabels] = [0x1F, 0x8B, 8, 0, 0, 0, 0, 0, 0, 3, 1] },
        ])
        func dataFiles(_ damage: Damage) async throws {
            let directory = try TemporaryDirectory()
            var data = DataFiles()
            damage.apply(&data)
            try data.write(to: directory)
            let study = try minishard(["study", "--data", directory.path, "--only", "less-data", "--workers", "1", "--out", "out"])
            let finished = try await study.finish()
            expectRefusal(finished, code: 1)
            for text in damage.sentence { #expect(finished.errors.contains(text), "\(finished.errors)") }
            #expect(try study.directory.files() == [])
        }

        /// What the damaged files would be if nobody damaged them.
        @Test func soundDataFilesTrain() async throws {
            let directory = try TemporaryDirectory()
            try DataFiles().write(to: directory)
            let study = try minishard([
                "study", "--data", directory.path, "--only", "less-data", "--epochs", "1", "--workers", "1", "--json",
            ])
            #expect(try await results(of: study).experiments.first?.runs.first?.confusionMatrix.count == 10)
        }

        @Test(arguments: [
            (["study", "--data", "absent"], "absent"),
            (["study", "--data", "synthetic", "--listen", "tcp://203.0.113.1:5555"], "address"),
            (["coordinator", "--data", "synthetic", "--listen", "ipc://absent/socket"], "directory"),
            (["samples", "--data", "absent"], "absent"),
        ])
        func whatIsNotThere(arguments: [String], sentence: String) async throws {
            let program = try minishard(arguments)
            expectRefusal(try await program.finish(), code: 1, saying: sentence)
            #expect(try program.directory.files() == [])
        }

        @Test func aPortInUse() async throws {
            let occupied = try TCPSocket()
            let study = try minishard(["study"] + shortStudy + ["--listen", "tcp://127.0.0.1:\(occupied.port)"])
            expectRefusal(try await study.finish(), code: 1, saying: "tcp://127.0.0.1:\(occupied.port)", "in use")
            #expect(try study.directory.files() == [])
        }

        @Test func aSocketInUse() async throws {
            let first = try minishard(["coordinator", "--data", "synthetic", "--listen", "ipc://socket"])
            _ = try await first.line(containing: "listening on")
            let second = try minishard(["coordinator", "--data", "synthetic", "--listen", "ipc://socket"], in: first.directory)
            expectRefusal(try await second.finish(), code: 1, saying: "ipc://socket", "another program")
            first.send(SIGTERM)
            #expect(try await first.finish().status == .exited(75))
        }

        @Test func resultsThatAreThereAlready() async throws {
            let first = try minishard(["study"] + shortStudy + ["--workers", "1", "--out", "out", "--quiet"])
            #expect(try await first.finish().status == .exited(0))
            let files = try first.directory.files()
            let document = try first.directory.text("out/results.json")
            let second = try minishard(["study"] + shortStudy + ["--seed", "1", "--workers", "1", "--out", "out"], in: first.directory)
            expectRefusal(try await second.finish(), code: 1, saying: "out", "not empty", "results.json")
            #expect(try first.directory.files() == files)
            #expect(try first.directory.text("out/results.json") == document)
        }

        @Test func aPlaceThatCannotBeWrittenTo() async throws {
            let directory = try TemporaryDirectory()
            try directory.write([], to: "file")
            let study = try minishard(["study"] + shortStudy + ["--workers", "1", "--out", "file/out"], in: directory)
            expectRefusal(try await study.finish(), code: 1, saying: "file")
            #expect(try directory.files() == ["file"])
        }

        /// A Unix socket's path has some hundred bytes; the study's own are made elsewhere then.
        @Test func aTemporaryDirectoryTooLongForSockets() async throws {
            let directory = try TemporaryDirectory()
            let long = directory(String(repeating: "x", count: 90))
            mkdir(long, 0o755)
            let study = try Program(
                "env", ["TMPDIR=\(long)", TestEnvironment.minishard, "study"] + shortStudy + ["--workers", "1", "--out", "out"],
                environment: neutral, in: directory)
            let finished = try await study.finish()
            #expect(finished.status == .exited(0) && !finished.errors.contains("warning"), "\(finished.errors)")
            #expect(try await Results(json: directory.text("out/results.json")).weights == Reference.short.weights)
        }

        #if os(Linux)
            /// The results that cannot be printed are written all the same.
            @Test(arguments: [[], ["--json"]])
            func standardOutputThatTakesNothing(_ options: [String]) async throws {
                let study = try Program(
                    "sh",
                    ["-c", "exec \"$@\" >/dev/full", "sh", TestEnvironment.minishard, "study"] + shortStudy
                        + ["--workers", "1", "--out", "out"] + options, environment: neutral)
                let finished = try await study.finish()
                #expect(finished.status == .exited(1))
                #expect(finished.errors.contains("Cannot write to standard output: No space left on device."), "\(finished.errors)")
                #expect(try await Results(json: study.directory.text("out/results.json")).weights == Reference.short.weights)
            }
        #endif

        /// A limit on the size of files, in units of 512 bytes, stands for a disk that fills: the drawings are smaller, and the weights larger.
        @Test func noSpaceForTheWeights() async throws {
            let limited = "trap '' XFSZ; ulimit -f 200; exec \"$@\""
            let study = try Program(
                "sh",
                ["-c", limited, "sh", TestEnvironment.minishard, "study"] + shortStudy + ["--workers", "1", "--out", "out", "--quiet"],
                environment: neutral)
            let finished = try await study.finish()
            expectRefusal(finished, code: 1, saying: "final.safetensors")
            let files = try study.directory.files()
            #expect(files.contains("out/samples.svg"))
            #expect(files.allSatisfy { !$0.contains("safetensors") && !$0.contains("results") }, "\(files)")
        }

        @Test(.enabled(if: canMount, "SKIPPED: only root can mount a small file system to fill."))
        func noSpaceOnTheDisk() async throws {
            let script = """
                mkdir disk && mount -t tmpfs -o size=200k tmpfs disk || exit 99
                code=0; "$@" >/dev/null || code=$?
                find disk -type f
                exit $code
                """
            let study = try Program(
                "unshare",
                ["--mount", "sh", "-c", script, "sh", TestEnvironment.minishard, "study"] + shortStudy + [
                    "--workers", "1", "--out", "disk/out",
                ],
                environment: neutral)
            let finished = try await study.finish()
            #expect(finished.status == .exited(1), "\(finished.errors)")
            #expect(finished.errors.contains("No space left on device"))
            #expect(finished.output.contains("disk/out/samples.svg"))
            #expect(!finished.output.contains("results."), "\(finished.output)")
            #expect(!finished.output.contains("best.safetensors"), "\(finished.output)")
        }

        private static let canMount: Bool = {
            #if os(Linux)
                geteuid() == 0 && (try? wait(for: spawn("unshare", ["--mount", "mount", "-t", "tmpfs", "tmpfs", "/mnt"]))) == .exited(0)
            #else
                false
            #endif
        }()

        @Test(arguments: ["1000000000000", "9223372036854775807"])
        func moreEpochsThanCanBeCounted(epochs: String) async throws {
            let study = try minishard(["study", "--data", "synthetic", "--epochs", epochs, "--out", "out"])
            expectRefusal(try await study.finish(), code: 1, saying: epochs, "counted in 32 bits")
            #expect(try study.directory.files() == [])
        }

        @Test func aWorkerWithoutACoordinator() async throws {
            let port = try TCPSocket().port
            let worker = try minishard(["worker", "--connect", "tcp://127.0.0.1:\(port)", "--give-up-after", "0.3"])
            expectRefusal(try await worker.finish(), code: 69, saying: "tcp://127.0.0.1:\(port)", "No coordinator")
            let several = try minishard(["worker", "--connect", "ipc://absent", "--give-up-after", "0.3", "--workers", "2"])
            expectRefusal(try await several.finish(), code: 69, saying: "ipc://absent")
        }

        /// Something listens there, but says nothing.
        @Test func aWorkerAtSomebodyElsesPort() async throws {
            let mute = try TCPSocket()
            let worker = try minishard(["worker", "--connect", "tcp://127.0.0.1:\(mute.port)", "--give-up-after", "0.5"])
            expectRefusal(try await worker.finish(), code: 69, saying: "No coordinator")
        }
    }
}
