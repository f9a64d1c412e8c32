package import RandomStreams

/// What PyTorch's `DataLoader` draws from the global generator, and the order of samples that follows from it.
package enum LoaderDraws {
    /// Begins an epoch of a shuffling loader over `count` samples: returns the order of their indices.
    ///
    /// Draws the loader's base seed, which only worker processes would use, then the sampler's seed. The order is the permutation that a
    /// generator fresh from the sampler's seed draws. `count` is positive and below `MersenneTwister.permutationLimit`.
    package static func trainingEpochOrder(count: Int, generator: inout MersenneTwister) -> [Int] {
        _ = generator.next64()
        // PyTorch keeps 63 bits of the seed; seeding takes the lowest 32.
        var sampler = MersenneTwister(seed: generator.next64())
        return sampler.permutation(count: count)
    }

    /// Begins a pass of a loader that does not shuffle: draws the loader's base seed, to no other effect.
    package static func sequentialPass(generator: inout MersenneTwister) {
        _ = generator.next64()
    }
}
