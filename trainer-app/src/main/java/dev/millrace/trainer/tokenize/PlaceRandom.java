package dev.millrace.trainer.tokenize;

/// Random numbers of a place on the log: the same ones whenever the place is read, by whichever process, and whatever
/// was read before it. Nothing is drawn from a running stream, so there is no state to keep.
///
/// SplitMix64 (Steele, Lea and Flood, 2014) by counter: the i-th number is `mix(key + (i + 1) γ)`, and the key is made
/// of seed, partition and offset by the same step.
record PlaceRandom(long key) {
    private static final long GAMMA = 0x9e3779b97f4a7c15L;

    static PlaceRandom of(long seed, int partition, long offset) {
        return new PlaceRandom(next(next(next(0, seed), partition), offset));
    }

    private static long next(long key, long counter) {
        return mix(key + (counter + 1) * GAMMA);
    }

    private static long mix(long value) {
        long bits = (value ^ (value >>> 30)) * 0xbf58476d1ce4e5b9L;
        bits = (bits ^ (bits >>> 27)) * 0x94d049bb133111ebL;
        return bits ^ (bits >>> 31);
    }

    /// In [0, 1), a multiple of 2^-53.
    double uniform(int counter) {
        return (next(key, counter) >>> 11) * 0x1p-53;
    }

    /// In [0, bound), each as likely as the other to within bound / 2^64.
    int below(int bound, int counter) {
        return (int) Math.unsignedMultiplyHigh(next(key, counter), bound);
    }
}
