internal import SwiftProtobuf

/// Frame 0 of every message: the protobuf envelope.
enum Header {
    /// Encodes the envelope, with this program's version put in.
    static func frame(_ envelope: inout WireEnvelope) -> Frame {
        envelope.version = TrainingProtocol.version
        do {
            let bytes: [UInt8] = try envelope.serializedBytes()
            return Frame(bytes: bytes)
        } catch {
            // Encoding fails only for a message with missing required fields, which proto3 does not have, or of more than 2 GB.
            preconditionFailure("A header could not be encoded: \(error)")
        }
    }

    /// Decodes frame 0.
    static func message(of frames: [Frame]) throws(ProtocolViolation) -> WireEnvelope.OneOf_Message {
        guard let header = frames.first else { throw .foreign("it has no frames") }
        guard header.count > 0, header.count <= TrainingProtocol.longestHeader else {
            throw .foreign("its header has \(header.count) bytes, and 1 to \(TrainingProtocol.longestHeader) are possible")
        }
        let envelope: WireEnvelope
        do {
            envelope = try WireEnvelope(serializedBytes: header.bytes())
        } catch {
            throw .foreign("its header of \(header.count) bytes is no protobuf envelope")
        }
        guard envelope.version != 0 else { throw .foreign("its header names no version") }
        guard envelope.version == TrainingProtocol.version else { throw .version(envelope.version) }
        guard let message = envelope.message else { throw .foreign("its header holds no known message") }
        return message
    }

    /// A message's name as docs/protocol.md has it.
    static func name(of message: WireEnvelope.OneOf_Message) -> String {
        switch message {
        case .hello: "HELLO"
        case .result: "RESULT"
        case .declined: "DECLINED"
        case .goodbye: "GOODBYE"
        case .refusal: "REFUSAL"
        case .welcome: "WELCOME"
        case .work: "WORK"
        case .reintroduce: "REINTRODUCE"
        case .stop: "STOP"
        case .heartbeat: "HEARTBEAT"
        }
    }
}
