package dev.millrace.quickstart;

/// The conditional entropy of a byte given the one before: what a table of byte pairs could reach at best on the
/// very text that it was counted on. Pairs do not go across the borders of texts.
final class BigramEntropy {
    private static final int BYTES = 256;

    private final long[] pairs = new long[BYTES * BYTES];

    void add(byte[] text) {
        for (int i = 1; i < text.length; i++) {
            pairs[(text[i - 1] & 0xff) * BYTES + (text[i] & 0xff)]++;
        }
    }

    /// H(next | previous) in nats per byte.
    double nats() {
        long all = 0;
        double sum = 0;
        for (int previous = 0; previous < BYTES; previous++) {
            long row = 0;
            for (int next = 0; next < BYTES; next++) {
                row += pairs[previous * BYTES + next];
            }
            for (int next = 0; next < BYTES; next++) {
                long count = pairs[previous * BYTES + next];
                if (count > 0) {
                    sum -= count * Math.log((double) count / row);
                }
            }
            all += row;
        }
        if (all == 0) {
            throw new IllegalStateException("no pair of bytes was counted: the corpus is empty");
        }
        return sum / all;
    }
}
