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
        long[] order = byWeight(weights);
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

    /// Ids by falling weight, equal weights by rising id. Sorts packed numbers: no boxing over a large vocabulary.
    private static long[] byWeight(double[] weights) {
        long[] keys = new long[weights.length];
        for (int id = 0; id < weights.length; id++) {
            long descending = Integer.MAX_VALUE - (long) Float.floatToIntBits((float) weights[id]);
            keys[id] = descending << Integer.SIZE | id;
        }
        Arrays.sort(keys);
        for (int i = 0; i < keys.length; i++) {
            keys[i] &= Integer.MAX_VALUE;
        }
        return keys;
    }

    private static double uniform(long seed, long place) {
        return new SplittableRandom(seed * 0x9e3779b97f4a7c15L + place).split().nextDouble();
    }
}
