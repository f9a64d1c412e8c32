/// Targets with a fault, by which the fuzzer itself is tested. They are not part of a campaign.
package enum PlantedFault: String, CaseIterable, FuzzTarget {
    /// Reads beyond an array's end.
    case crash = "planted-crash"
    /// Reads beyond the end of memory, which only the address sanitizer notices.
    case overrun = "planted-overrun"
    /// Takes more memory than a case may.
    case memory = "planted-memory"
    /// Takes more time than a case may.
    case time = "planted-time"
    /// Does what it must not, and goes on.
    case finding = "planted-finding"

    package var name: String { rawValue }
    package var share: Int { 1 }

    package func run(_ random: inout CaseRandom, trace: Trace?) throws(Finding) -> FuzzOutcome {
        let input = random.bytes(4)
        trace?("input", [input])
        guard input[0] < 4 else { return .accepted }
        switch self {
        case .crash: return input[Int(input[1]) + 4] == 0 ? .accepted : .refused
        case .overrun:
            let memory = UnsafeMutablePointer<UInt8>.allocate(capacity: 16)
            defer { memory.deallocate() }
            memory.initialize(repeating: 0, count: 16)
            return memory[16 + Int(input[1] & 7)] == 0 ? .accepted : .refused
        case .memory: return [UInt8](repeating: input[1], count: 1 << 30).last == 0 ? .accepted : .refused
        case .time:
            let end = processorSeconds() + 1.2
            while processorSeconds() < end {}
            return .accepted
        case .finding: throw Finding("the planted finding")
        }
    }
}
