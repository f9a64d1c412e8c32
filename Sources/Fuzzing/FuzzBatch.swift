#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// What a batch of cases came to.
package struct FuzzTally: Sendable {
    package var accepted = 0
    package var refused = 0
    /// Processor time of the slowest case, in seconds, and its index.
    package var slowest: (seconds: Double, index: UInt64) = (0, 0)
    /// Most memory that the process had, in bytes.
    package var peakMemory = 0

    package var cases: Int { accepted + refused }

    package mutating func add(_ other: FuzzTally) {
        accepted += other.accepted
        refused += other.refused
        if other.slowest.seconds > slowest.seconds { slowest = other.slowest }
        peakMemory = max(peakMemory, other.peakMemory)
    }

    /// The numbers in a line, as a child process hands them to its parent.
    package var line: String { "\(accepted) \(refused) \(slowest.seconds) \(slowest.index) \(peakMemory)" }

    package init() {}

    package init?(line: String) {
        let words = line.split(whereSeparator: \.isWhitespace)
        guard words.count == 5, let accepted = Int(words[0]), let refused = Int(words[1]), let seconds = Double(words[2]),
            let index = UInt64(words[3]), let peakMemory = Int(words[4])
        else { return nil }
        self.accepted = accepted
        self.refused = refused
        slowest = (seconds, index)
        self.peakMemory = peakMemory
    }
}

/// Cases of one target in a row, run in this process, which a crash ends.
package struct FuzzBatch {
    /// Most processor time of a case, in seconds.
    private static let caseLimit = 1.0
    /// Most time of a thousand cases, in seconds: after it the system ends the process.
    private static let alarmSeconds: UInt32 = 120
    /// Most memory of the process's own, in bytes, beyond which the system gives none.
    private static let memoryLimit = 1 << 29

    let target: any FuzzTarget
    let seed: UInt64
    let cases: Range<UInt64>

    package init(target: any FuzzTarget, seed: UInt64, cases: Range<UInt64>) {
        self.target = target
        self.seed = seed
        self.cases = cases
    }

    /// Runs the cases.
    ///
    /// - Parameters:
    ///   - trace: is shown each input before it is used.
    ///   - begin: is told each case before it begins.
    /// - Throws: ``Finding`` of the first case with one.
    package func run(trace: Trace? = nil, begin: (UInt64) -> Void) throws(Finding) -> FuzzTally {
        var tally = FuzzTally()
        defer { alarm(0) }
        for index in cases {
            if (index - cases.lowerBound).isMultiple(of: 1000) { alarm(Self.alarmSeconds) }
            begin(index)
            let start = processorSeconds()
            var random = CaseRandom(seed: seed, index: index)
            switch try target.run(&random, trace: trace) {
            case .accepted: tally.accepted += 1
            case .refused: tally.refused += 1
            }
            let seconds = processorSeconds() - start
            if seconds > tally.slowest.seconds { tally.slowest = (seconds, index) }
            try require(seconds <= Self.caseLimit, "the case took \(seconds) s of processor time")
        }
        tally.peakMemory = peakMemory()
        return tally
    }

    /// Has the system give this process no more memory than cases should need, so that one that takes too much crashes. The address sanitizer,
    /// which reserves terabytes, has an option of its own for that.
    package static func limitMemory() {
        guard !isSanitized else { return }
        var limit = rlimit(rlim_cur: rlim_t(memoryLimit), rlim_max: rlim_t(memoryLimit))
        #if canImport(Glibc)
            setrlimit(__rlimit_resource_t(RLIMIT_DATA.rawValue), &limit)
        #else
            setrlimit(RLIMIT_DATA, &limit)
        #endif
    }

    /// Whether this program was built with the address sanitizer.
    package static var isSanitized: Bool {
        guard let program = dlopen(nil, RTLD_NOW) else { return false }
        return dlsym(program, "__asan_init") != nil
    }
}

/// Processor time that this process has taken so far.
func processorSeconds() -> Double {
    var time = timespec()
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time)
    return Double(time.tv_sec) + Double(time.tv_nsec) * 1e-9
}

/// Most memory that this process has had, in bytes.
private func peakMemory() -> Int {
    var usage = rusage()
    // Linux counts kilobytes, Darwin bytes.
    #if canImport(Glibc)
        getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage)
        return Int(usage.ru_maxrss) * 1024
    #elseif canImport(Musl)
        getrusage(RUSAGE_SELF, &usage)
        return Int(usage.ru_maxrss) * 1024
    #else
        getrusage(RUSAGE_SELF, &usage)
        return Int(usage.ru_maxrss)
    #endif
}

/// The index of the case that runs, in a file that outlives a crash.
package final class FuzzProgress {
    private let address: UnsafeMutableRawPointer

    /// Makes the file, or takes it up.
    package init(path: String) throws(Finding) {
        let descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        try require(
            descriptor >= 0 && ftruncate(descriptor, 8) == 0, "the fuzzer cannot write \(path): \(String(cString: strerror(errno)))")
        defer { close(descriptor) }
        guard let address = mmap(nil, 8, PROT_READ | PROT_WRITE, MAP_SHARED, descriptor, 0), address != MAP_FAILED else {
            throw Finding("the fuzzer cannot map \(path): \(String(cString: strerror(errno)))")
        }
        self.address = address
    }

    package var index: UInt64 {
        get { address.load(as: UInt64.self) }
        set { address.storeBytes(of: newValue, as: UInt64.self) }
    }

    deinit { munmap(address, 8) }
}
