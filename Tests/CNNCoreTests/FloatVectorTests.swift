import CNNCore
import Testing

@Suite struct FloatVectorTests {
    @Test func copiesShareTheNumbers() {
        let vector = FloatVector([1, 2, 3])
        let copy = vector
        let isShared = copy.owner === vector.owner
        #expect(isShared && copy.array == [1, 2, 3] && copy.count == 3)
        let empty = FloatVector([])
        #expect(empty.array == [] && empty.isFinite)
    }

    @Test func everyNumberThatIsNotFiniteIsFound() {
        let finite: [Float] = [0, -0, 1, .leastNonzeroMagnitude, .greatestFiniteMagnitude, -.greatestFiniteMagnitude]
        let numbers = (0..<50).map { finite[$0 % finite.count] }
        #expect(FloatVector(numbers).isFinite)
        for place in numbers.indices {
            for value in [Float.nan, .signalingNaN, .infinity, -.infinity] {
                var changed = numbers
                changed[place] = value
                #expect(!FloatVector(changed).isFinite, "\(value) at \(place)")
            }
        }
    }
}
