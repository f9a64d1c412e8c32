/// Memory for gradients that nobody uses at the moment. One thread owns it.
package final class GradientBuffers {
    private var free: [FloatBuffer] = []

    package init() {}

    /// Memory for at least `count` floats, in which anything may stand.
    func take(_ count: Int) -> FloatBuffer {
        if let index = free.firstIndex(where: { $0.count >= count }) { return free.remove(at: index) }
        // The larger one takes the place of a smaller one.
        _ = free.popLast()
        return FloatBuffer(count: count)
    }

    func giveBack(_ buffer: FloatBuffer) { free.append(buffer) }
}
