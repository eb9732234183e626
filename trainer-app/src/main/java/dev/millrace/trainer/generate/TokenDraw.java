package dev.millrace.trainer.generate;

import java.util.Arrays;
import java.util.SplittableRandom;

/// Chooses a token by its scores.
final class TokenDraw {
    private TokenDraw() {}

    /// The highest score; among equals the lowest id.
    static int mostLikely(float[] logits) {
        int best = 0;
        for (int id = 1; id < logits.length; id++) {
            if (logits[id] > logits[best]) {
                best = id;
            }
        }
        return best;
    }

    /// Nucleus sampling (Holtzman et al., 2020).
    static int draw(float[] logits, double temperature, double topP, long seed, long place) {
        float highest = logits[mostLikely(logits)];
        double[] weights = new double[logits.length];
        double total = 0;
        for (int id = 0; id < logits.length; id++) {
            weights[id] = StrictMath.exp((logits[id] - highest) / temperature);
            total += weights[id];
        }
        long[] order = candidates(weights, (1 - topP) * total / weights.length);
        int kept = 0;
        double nucleus = 0;
        while (kept < order.length && (kept == 0 || nucleus < topP * total)) {
            nucleus += weights[(int) order[kept++]];
        }
        double remaining = uniform(seed, place) * nucleus;
        for (int i = 0; i < kept - 1; i++) {
            remaining -= weights[(int) order[i]];
            if (remaining < 0) {
                return (int) order[i];
            }
        }
        return (int) order[kept - 1];
    }

    /// Ids by falling weight, equal weights by rising id, but for those below `least`: all of them together weigh less
    /// than the nucleus leaves out, so none is in it, and few are left to sort of a large vocabulary. Sorts packed
    /// numbers, which needs no boxes.
    private static long[] candidates(double[] weights, double least) {
        long[] keys = new long[weights.length];
        int count = 0;
        for (int id = 0; id < weights.length; id++) {
            // So said, what is no number stays: of a model that has diverged, any token is as good.
            if (!(weights[id] < least)) {
                long descending = Integer.MAX_VALUE - (long) Float.floatToIntBits((float) weights[id]);
                keys[count++] = descending << Integer.SIZE | id;
            }
        }
        Arrays.sort(keys, 0, count);
        for (int i = 0; i < count; i++) {
            keys[i] &= Integer.MAX_VALUE;
        }
        return Arrays.copyOf(keys, count);
    }

    private static double uniform(long seed, long place) {
        return new SplittableRandom(seed * 0x9e3779b97f4a7c15L + place).split().nextDouble();
    }
}
