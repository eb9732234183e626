package dev.millrace.trainer.tokenize;

import java.util.Arrays;

/// The text of tokens that come one by one, in pieces that are certain: half a character waits for its other half.
///
/// A byte-level token may end within a character, whose bytes are then decoded as U+FFFD until the rest is there. So
/// what stands at the end as U+FFFD is held back. As the text of a token may hang on that before it (a space that is
/// left out at a beginning, bytes in tokens of their own), tokens are decoded together with those of the last piece.
///
/// The pieces together are [DocumentTokenizer#decode] of all tokens. Not thread-safe.
public final class GrowingText {
    private static final char REPLACEMENT = '\uFFFD';

    private final DocumentTokenizer tokenizer;
    private int[] tokens = new int[16];
    private int count;
    /// Those before are of the last piece.
    private int context;
    /// Characters of the tokens that have been given.
    private int given;

    public GrowingText(DocumentTokenizer tokenizer) {
        this.tokenizer = tokenizer;
    }

    /// What is certain with this token, and was not before; may be empty.
    public String add(int token) {
        if (count == tokens.length) {
            tokens = Arrays.copyOf(tokens, 2 * count);
        }
        tokens[count++] = token;
        String text = decode();
        int certain = text.length();
        while (certain > given && text.charAt(certain - 1) == REPLACEMENT) {
            certain--;
        }
        String piece = text.substring(Math.min(given, certain), certain);
        given = certain;
        if (certain == text.length()) {
            forget();
        }
        return piece;
    }

    /// What was held back, when no token comes any more.
    public String end() {
        String rest = decode();
        rest = rest.substring(Math.min(given, rest.length()));
        given += rest.length();
        return rest;
    }

    /// Lets go of what the next token cannot hang on.
    private void forget() {
        tokens = Arrays.copyOfRange(tokens, context, Math.max(count, context + 16));
        count -= context;
        context = count;
        given = decode().length();
    }

    private String decode() {
        return tokenizer.decode(Arrays.copyOf(tokens, count));
    }
}
