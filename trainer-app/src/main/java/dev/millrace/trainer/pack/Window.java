package dev.millrace.trainer.pack;

/// A fixed run of consecutive tokens of one partition: `length` inputs and, one token on, `length` targets.
///
/// Successive windows overlap by the one token that is the last target of the first and the first input of the
/// second, so each token of a partition is a target exactly once (its very first token is only ever an input).
/// Immutable to its readers; the arrays are never handed out.
public final class Window {
    /// The target of a place that is not trained on (PyTorch's `ignore_index`).
    public static final int IGNORED = -100;

    private final int partition;
    private final Position start;
    private final Position end;
    private final int length;
    private final int[] tokens;
    private final int[] starts;

    /// @param tokens up to `length + 1` token ids; the places that are missing are padding
    /// @param start where this window begins
    /// @param end where the next one begins
    /// @param starts ascending, the indices in `tokens` at which a record begins
    Window(int partition, Position start, Position end, int length, int[] tokens, int[] starts) {
        if (tokens.length < 2 || tokens.length > length + 1) {
            throw new IllegalArgumentException(
                    "a window of length " + length + " takes 2 to " + (length + 1) + " tokens, not " + tokens.length);
        }
        this.partition = partition;
        this.start = start;
        this.end = end;
        this.length = length;
        this.tokens = tokens;
        this.starts = starts;
    }

    public int partition() {
        return partition;
    }

    /// Where this window begins, inclusive.
    public Position start() {
        return start;
    }

    /// Where the next window of the partition begins.
    public Position end() {
        return end;
    }

    /// Places, padding included.
    public int length() {
        return length;
    }

    /// Targets that are trained on: `length`, less the padding.
    public int targetCount() {
        return tokens.length - 1;
    }

    /// Writes the inputs to `length` places of `row` from `from` on; padding becomes token 0, which no target asks
    /// for.
    public void copyInputs(int[] row, int from) {
        int filled = Math.min(length, tokens.length);
        System.arraycopy(tokens, 0, row, from, filled);
        java.util.Arrays.fill(row, from + filled, from + length, 0);
    }

    /// Writes to `length` places of `row` from `from` on how far each input lies behind the first one of its
    /// document that is in this window. Padding counts on.
    public void copyPlaces(int[] row, int from) {
        int place = 0;
        int next = 0;
        for (int i = 0; i < length; i++) {
            if (next < starts.length && starts[next] == i) {
                place = 0;
                next++;
            }
            row[from + i] = place++;
        }
    }

    /// Writes the targets to `length` places of `row` from `from` on; padding becomes [#IGNORED].
    public void copyTargets(int[] row, int from) {
        System.arraycopy(tokens, 1, row, from, tokens.length - 1);
        java.util.Arrays.fill(row, from + tokens.length - 1, from + length, IGNORED);
    }
}
