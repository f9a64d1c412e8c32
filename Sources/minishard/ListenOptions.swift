import ArgumentParser
import Transport

/// Where the coordinator listens.
struct ListenOptions {
    static let help = ArgumentHelp(
        "Endpoint for workers to come to: tcp://ADDRESS:PORT (port * for any that is free) or ipc://PATH. May be given more than once.",
        valueName: "endpoint")
}

/// Refuses what is no endpoint.
func validateEndpoints(_ endpoints: [String]) throws {
    for endpoint in endpoints {
        do { _ = try Endpoint(endpoint) } catch { throw ValidationError("\(error)") }
    }
}
