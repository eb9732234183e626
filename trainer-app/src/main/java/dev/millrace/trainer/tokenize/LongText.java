package dev.millrace.trainer.tokenize;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.Function;

/// A long text in pieces whose tokens, one after the other, are those of the whole: a tokenizer's time and memory grow
/// faster than a text (7.5 million characters took 1.3 GB at once, and twice the time), and nothing may be cut off for
/// that.
///
/// For tokenizers that cut texts into words first. A piece ends before a space between two letters, or between a line
/// end and a letter: the expressions cut there anyway (GPT-2's and all that came of it, DeepSeek's among them), look
/// past no such place, and no token spans two words. That it holds is tried at each place all the same, with the text
/// around it; where it does not, the piece goes on, and at last to the end.
///
/// @param tokens of a text as it is
/// @param size characters of a piece, at least
record LongText(Function<String, int[]> tokens, int size) {
    private static final int CONTEXT = 64;

    /// So many places where it did not hold say that it does not for this tokenizer.
    private static final int TRIES = 16;

    /// The token ids of the text, piece by piece.
    List<int[]> encode(String text) {
        List<int[]> parts = new ArrayList<>();
        int from = 0;
        while (from < text.length()) {
            int to = end(text, from);
            parts.add(tokens.apply(text.substring(from, to)));
            from = to;
        }
        return parts;
    }

    /// Where a piece ends that begins at `from`.
    private int end(String text, int from) {
        int tries = 0;
        for (int at = from + size; at < text.length() - 1 && tries < TRIES; at++) {
            if (betweenWords(text, at)) {
                if (holds(text, at)) {
                    return at;
                }
                tries++;
            }
        }
        return text.length();
    }

    private static boolean betweenWords(String text, int at) {
        char before = text.charAt(at - 1);
        char after = text.charAt(at);
        return after == ' '
                ? Character.isLetter(before) && Character.isLetter(text.charAt(at + 1))
                : before == '\n' && Character.isLetter(after) && !Character.isWhitespace(text.charAt(at - 2));
    }

    private boolean holds(String text, int at) {
        int from = Math.max(0, at - CONTEXT);
        int to = Math.min(text.length(), at + CONTEXT);
        from += Character.isLowSurrogate(text.charAt(from)) ? 1 : 0;
        to -= Character.isHighSurrogate(text.charAt(to - 1)) ? 1 : 0;
        int[] left = tokens.apply(text.substring(from, at));
        int[] right = tokens.apply(text.substring(at, to));
        int[] whole = tokens.apply(text.substring(from, to));
        return whole.length == left.length + right.length
                && Arrays.equals(whole, 0, left.length, left, 0, left.length)
                && Arrays.equals(whole, left.length, whole.length, right, 0, right.length);
    }
}
