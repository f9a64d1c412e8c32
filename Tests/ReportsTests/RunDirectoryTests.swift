import CNNCore
import Coordinator
import Datasets
import FileFormats
import Files
import Studies
import Testing

@testable import Reports

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

struct RunDirectoryTests {
    private static let moment: time_t = 1_700_000_000

    @Test func isNamedByTimeAndStudyAndNeverTwice() throws {
        try withTemporaryFolder { folder in
            let paths = try (0..<3).map { _ in try RunDirectory(for: "a/b", in: "\(folder)/deep/runs", at: Self.moment).path }
            let first = try #require(paths.first)
            let name = try #require(first.split(separator: "/").last)
            #expect(first == "\(folder)/deep/runs/\(name)")
            // 22:13:20 UTC on 14 November, which is the 14th or the 15th in local time.
            #expect(try #/2023-11-1[45]-\d\d\d\d20-a%2Fb/#.wholeMatch(in: name) != nil)
            #expect(paths[1...] == ["\(first)-2", "\(first)-3"])
            #expect(files(under: folder) == [])
        }
    }

    @Test func takesADirectoryThatIsMissingOrEmpty() throws {
        try withTemporaryFolder { folder in
            for path in ["\(folder)/a/b/", "\(folder)/a/b"] {
                let directory = try RunDirectory(out: path)
                #expect(directory.path == "\(folder)/a/b")
            }
        }
    }

    @Test func refusesADirectoryWithOtherResults() throws {
        try withTemporaryFolder { folder in
            for name in ["results.json", "a", "b", "c", ".hidden"] {
                try writeAtomically([1], to: "\(folder)/\(name)")
            }
            let error = #expect(throws: ReportError.self) { try RunDirectory(out: folder) }
            #expect(
                error?.description
                    == "The directory \(folder) of --out is not empty: it holds .hidden, a, b and 2 more. Name another directory, or move these away first."
            )
            #expect(files(under: folder).count == 5)
        }
    }

    @Test func ofTwoRunsInOneDirectoryTheSecondIsRefused() throws {
        try withTemporaryFolder { folder in
            func record(_ run: String) -> RunRecord {
                RunRecord(
                    version: "1.2.3", run: run, study: "ablations", experiments: ["baseline"], seeds: [1], epochs: 2, data: "synthetic",
                    dataName: "digits", dataSHA256: "00", profile: "p", acceptedProfiles: [])
            }
            // Both find it empty.
            let (first, second) = (try RunDirectory(out: folder), try RunDirectory(out: folder))
            let lock = try first.begin(record("a"))
            let error = #expect(throws: ReportError.self) { try second.begin(record("b")) }
            #expect(
                error?.description
                    == "Another process has begun a run in \(folder) meanwhile. Name another directory with --out.")
            second.removeIfEmpty()
            #expect(try first.record().run == "a")
            #expect(files(under: folder) == ["run.json"])
            withExtendedLifetime(lock) {}
        }
    }

    @Test func refusesAFileAndPlacesThatCannotBe() throws {
        try withTemporaryFolder { folder in
            try writeAtomically([1], to: "\(folder)/file")
            let file = #expect(throws: ReportError.self) { try RunDirectory(out: "\(folder)/file") }
            #expect(file?.description == "\(folder)/file is a file, but results need a directory there. Name another directory with --out.")
            let below = #expect(throws: ReportError.self) { try RunDirectory(out: "\(folder)/file/below") }
            #expect(below?.description == "Cannot create the directory \(folder)/file/below: Not a directory.")
            let long = String(repeating: "x", count: 300)
            let name = #expect(throws: ReportError.self) { try RunDirectory(for: long, in: folder) }
            #expect(name?.description.hasSuffix(": File name too long.") == true)
            #expect(throws: ReportError.self) { try RunDirectory(out: "") }
        }
    }

    @Test(
        .enabled(if: geteuid() != 0, "SKIPPED: root may write everywhere"))
    func refusesAPlaceWithoutPermission() throws {
        try withTemporaryFolder { folder in
            chmod(folder, 0o555)
            defer { chmod(folder, 0o755) }
            let error = #expect(throws: ReportError.self) { try RunDirectory(out: folder) }
            #expect(
                error?.description
                    == "Cannot create \(folder)/.minishard-probe: Permission denied. Choose a place with --out where you may write.")
        }
    }

    @Test func holdsTheFilesOfAStudy() throws {
        try withTemporaryFolder { folder in
            let directory = try RunDirectory(out: folder)
            let runs = try [
                finishedRun("baseline", Scores(validation: [0.5, 0.75, 0.75])), finishedRun("dropout", Scores(validation: [0.625])),
            ]
            for run in runs {
                try directory.write(run, study: .notebook, dataset: smallDataset)
            }
            try directory.write(SampleSheet(smallDataset.train, at: [0, 1], dataset: smallDataset.name))
            let perRun = ["best.safetensors", "chain.csv", "confusion-matrix.svg", "epochs.csv", "final.safetensors", "steps.csv"]
            let before = ["baseline", "dropout"].flatMap { name in perRun.map { "\(name)/seed-42/\($0)" } } + ["samples.svg"]
            #expect(files(under: folder) == before)
            let results = try studyResults(runs)
            try directory.write(results)
            #expect(files(under: folder) == (before + ["results.csv", "results.json"]).sorted())

            let run = "\(folder)/baseline/seed-42"
            #expect(
                text(of: "\(run)/epochs.csv") == """
                    epoch,train_loss,train_accuracy,val_loss,val_accuracy
                    1,0.5,0.9375,0.25,0.5
                    2,0.25,0.9375,0.25,0.75
                    3,0.16666666666666666,0.9375,0.25,0.75

                    """)
            #expect(text(of: "\(run)/steps.csv") == "step,loss\n1,2.302585\n2,0.1\n3,1e-09\n")
            let links = ["07070707", "00010203", "20212223", "40414243"]
            let chain = text(of: "\(run)/chain.csv").split(separator: "\n")
            #expect(chain.count == 5 && chain[0] == "step,link")
            for (step, link) in links.enumerated() {
                #expect(chain[step + 1].hasPrefix("\(step),\(link)") && chain[step + 1].count == 2 + 64)
            }
            #expect(text(of: "\(folder)/results.json") == (try results.document()))
            let final = try Safetensors(parsing: contents(of: "\(run)/final.safetensors"))
            let best = try Safetensors(parsing: contents(of: "\(run)/best.safetensors"))
            #expect(final.tensors.map(\.name) == ["conv1.weight", "conv1.bias", "conv2.weight", "conv2.bias", "fc.weight", "fc.bias"])
            #expect(final.tensors.map(\.shape) == runs[0].job.model.tensors.map(\.shape))
            #expect(final.tensors.flatMap(\.floats) == runs[0].outcome.finalParameters)
            #expect(best.tensors.flatMap(\.floats) == runs[0].outcome.bestParameters)
            #expect(final.notes.contains(.init("epoch", "3")) && best.notes.contains(.init("epoch", "2")))
        }
    }

    @Test func resultTableHasARowForEachRun() throws {
        let results = try studyResults([
            finishedRun("baseline", seed: 1, Scores(validation: [0.5, 0.75])),
            finishedRun("less-data", seed: 1, Scores(validation: [0.625], test: 0.75)),
            finishedRun("less-data", seed: 2, Scores(validation: [0.5])),
        ])
        let digest = results.experiments[0].runs[0].weightsSHA256
        let parameters = results.experiments[0].parameters
        #expect(
            resultTable(results) == """
                experiment,seed,parameters,training_images,epochs,best_val_accuracy,best_epoch,test_accuracy,test_loss,parameter_change,\
                val_accuracy_change,test_accuracy_change,weights_sha256
                baseline,1,\(parameters),10000,2,0.75,2,0.875,0.14123,0,0.0,0.0,\(digest)
                less-data,1,\(parameters),2000,1,0.625,1,0.75,0.14123,0,-0.125,-0.125,\(digest)
                less-data,2,\(parameters),2000,1,0.5,1,0.875,0.14123,0,,,\(digest)

                """)
    }

    @Test func csvQuotesWhatNeedsIt() {
        #expect(
            csv(header: ["a", "b"], rows: [["x,y", "say \"hi\""], ["two\r\nlines", " blank"], ["", "é;'"]])
                == "a,b\n\"x,y\",\"say \"\"hi\"\"\"\n\"two\r\nlines\",\" blank\"\n,é;'\n")
    }

    @Test func fileNamesAreSafeAndDistinct() {
        let names = ["baseline", "..", ".", "", "a/b", "a%2Fb", "A b", "é", "x.y"]
        let safe = names.map(fileName(for:))
        #expect(safe == ["baseline", "%2E.", "%2E", "%", "a%2Fb", "a%252Fb", "A%20b", "%C3%A9", "x.y"])
    }

    @Test func removesItselfOnlyWhenEmpty() throws {
        try withTemporaryFolder { folder in
            let directory = try RunDirectory(out: "\(folder)/run")
            try writeAtomically([1], to: "\(folder)/run/file")
            directory.removeIfEmpty()
            #expect(files(under: folder) == ["run/file"])
            unlink("\(folder)/run/file")
            directory.removeIfEmpty()
            #expect(access("\(folder)/run", F_OK) != 0)
        }
    }
}

struct AtomicFileTests {
    @Test func replacesAFile() throws {
        try withTemporaryFolder { folder in
            let bytes = (0..<300_000).map { UInt8(truncatingIfNeeded: $0 &* 31) }
            try writeAtomically([1, 2], to: "\(folder)/file")
            try writeAtomically(bytes, to: "\(folder)/file")
            #expect(contents(of: "\(folder)/file") == bytes)
            try writeAtomically([], to: "\(folder)/file")
            #expect(contents(of: "\(folder)/file") == [] && files(under: folder) == ["file"])
        }
    }

    @Test func leavesNothingBehindWhenItFails() throws {
        try withTemporaryFolder { folder in
            mkdir("\(folder)/taken", 0o755)
            try writeAtomically([1], to: "\(folder)/taken/file")
            let error = #expect(throws: ReportError.self) { try writeAtomically([1], to: "\(folder)/taken") }
            #expect(error?.description == "Cannot create \(folder)/taken: Is a directory.")
            #expect(files(under: folder) == ["taken/file"])
            let missing = #expect(throws: ReportError.self) { try writeAtomically([1], to: "\(folder)/missing/file") }
            #expect(missing?.description == "Cannot create \(folder)/missing/file: No such file or directory.")
        }
    }

    @Test(.enabled(if: access("/dev/full", W_OK) == 0, "SKIPPED: this system has no /dev/full"))
    func saysWhatCanBeDoneWhenTheDiskIsFull() {
        let error = #expect(throws: ReportError.self) {
            try reporting(try writeFile([1, 2, 3], to: "/dev/full"))
        }
        #expect(
            error?.description == "Cannot write /dev/full: No space left on device. Free some space or choose another place with --out.")
    }
}
