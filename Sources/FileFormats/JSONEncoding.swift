extension JSON {
    /// Any encodable value as JSON. Members stand in the order in which the value encodes them, which for synthesised conformances is that of its coding keys.
    /// Floating-point numbers are written with the fewest digits that read back as the same number.
    ///
    /// - Throws: `EncodingError` for a floating-point number that is not finite.
    package init(encoding value: some Encodable) throws {
        let node = Node()
        try node.encode(value, at: [])
        self = node.json
    }
}

/// A value that is being encoded; containers fill it in through references to it.
private final class Node {
    /// The value, unless the node is an array or an object.
    private var scalar = JSON.null
    private var elements: [Node]?
    private var members: [(name: String, node: Node)]?

    var json: JSON {
        if let members {
            .object(members.map { JSON.Member($0.name, $0.node.json) })
        } else if let elements {
            .array(elements.map(\.json))
        } else {
            scalar
        }
    }

    var elementCount: Int { elements?.count ?? 0 }

    func becomeArray() { elements = elements ?? [] }

    func becomeObject() { members = members ?? [] }

    func addElement() -> Node {
        let node = Node()
        elements?.append(node)
        return node
    }

    func addMember(_ name: String) -> Node {
        let node = Node()
        members?.append((name, node))
        return node
    }

    func encode(_ value: some Encodable, at codingPath: [any CodingKey]) throws {
        switch value {
        case let value as String: scalar = .string(value)
        case let value as Bool: scalar = .bool(value)
        case let value as Double: scalar = try number(value, isFinite: value.isFinite, at: codingPath)
        case let value as Float: scalar = try number(value, isFinite: value.isFinite, at: codingPath)
        case let value as any BinaryInteger: scalar = .number(String(describing: value))
        default: try value.encode(to: NodeEncoder(node: self, codingPath: codingPath))
        }
    }

    /// A floating-point number, whose description is the shortest that reads back as the same number.
    private func number(_ value: some CustomStringConvertible, isFinite: Bool, at codingPath: [any CodingKey]) throws -> JSON {
        guard isFinite else {
            throw EncodingError.invalidValue(
                value, .init(codingPath: codingPath, debugDescription: "JSON cannot hold the number \(value)."))
        }
        return .number(value.description)
    }
}

private struct NodeEncoder: Encoder {
    let node: Node
    let codingPath: [any CodingKey]
    var userInfo: [CodingUserInfoKey: Any] { [:] }

    func container<Key: CodingKey>(keyedBy type: Key.Type) -> KeyedEncodingContainer<Key> {
        node.becomeObject()
        return KeyedEncodingContainer(KeyedContainer(node: node, codingPath: codingPath))
    }

    func unkeyedContainer() -> any UnkeyedEncodingContainer {
        node.becomeArray()
        return UnkeyedContainer(node: node, codingPath: codingPath)
    }

    func singleValueContainer() -> any SingleValueEncodingContainer {
        ValueContainer(node: node, codingPath: codingPath)
    }
}

private struct ValueContainer: SingleValueEncodingContainer {
    let node: Node
    let codingPath: [any CodingKey]

    /// A new node is null.
    func encodeNil() {}

    func encode(_ value: some Encodable) throws { try node.encode(value, at: codingPath) }
}

private struct KeyedContainer<Key: CodingKey>: KeyedEncodingContainerProtocol {
    let node: Node
    let codingPath: [any CodingKey]

    private func encoder(_ key: any CodingKey) -> NodeEncoder {
        NodeEncoder(node: node.addMember(key.stringValue), codingPath: codingPath + [key])
    }

    func encodeNil(forKey key: Key) { _ = encoder(key) }

    func encode(_ value: some Encodable, forKey key: Key) throws {
        let encoder = encoder(key)
        try encoder.node.encode(value, at: encoder.codingPath)
    }

    func nestedContainer<Nested: CodingKey>(keyedBy type: Nested.Type, forKey key: Key) -> KeyedEncodingContainer<Nested> {
        encoder(key).container(keyedBy: type)
    }

    func nestedUnkeyedContainer(forKey key: Key) -> any UnkeyedEncodingContainer { encoder(key).unkeyedContainer() }

    func superEncoder() -> any Encoder { encoder(NameKey(stringValue: "super")) }

    func superEncoder(forKey key: Key) -> any Encoder { encoder(key) }
}

private struct UnkeyedContainer: UnkeyedEncodingContainer {
    let node: Node
    let codingPath: [any CodingKey]
    var count: Int { node.elementCount }

    private func encoder() -> NodeEncoder {
        NodeEncoder(node: node.addElement(), codingPath: codingPath + [NameKey(intValue: count)])
    }

    func encodeNil() { _ = encoder() }

    func encode(_ value: some Encodable) throws {
        let encoder = encoder()
        try encoder.node.encode(value, at: encoder.codingPath)
    }

    func nestedContainer<Nested: CodingKey>(keyedBy type: Nested.Type) -> KeyedEncodingContainer<Nested> {
        encoder().container(keyedBy: type)
    }

    func nestedUnkeyedContainer() -> any UnkeyedEncodingContainer { encoder().unkeyedContainer() }

    func superEncoder() -> any Encoder { encoder() }
}

/// A key made from a name or an index.
private struct NameKey: CodingKey {
    let stringValue: String
    let intValue: Int?

    init(stringValue: String) {
        self.stringValue = stringValue
        intValue = nil
    }

    init(intValue: Int) {
        stringValue = "\(intValue)"
        self.intValue = intValue
    }
}
