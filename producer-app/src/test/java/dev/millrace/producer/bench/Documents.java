package dev.millrace.producer.bench;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Random;

/// Documents of 1 KiB, of words, so that compression has about the work that it has with real text.
final class Documents {
    static final int SIZE = 1024;
    /// Bytes of a document and its line feed.
    static final int LINE = SIZE + 1;
    static final int DISTINCT = 20_000;
    private static final int WORDS = 4_000;
    private static final String NAME = "document-";
    private static final int NAME_AT = "{\"id\":\"".length();
    private static final int DIGITS = 12;
    private static final long FIRST = 1_000_000_000_000L;

    private final byte[][] documents = new byte[DISTINCT][];
    private final ByteBuffer lines = ByteBuffer.allocateDirect(DISTINCT * LINE);

    private long serial;

    Documents(long seed) {
        Random random = new Random(seed);
        String[] words = new String[WORDS];
        for (int i = 0; i < WORDS; i++) {
            words[i] = Integer.toString(random.nextInt(36 * 36 * 36 * 36), 36);
        }
        for (int i = 0; i < DISTINCT; i++) {
            StringBuilder text = new StringBuilder("{\"id\":\"" + key(i) + "\",\"text\":\"");
            while (text.length() < SIZE - 12) {
                // Some words are much more frequent than others.
                int rank = (int) (WORDS * Math.pow(random.nextDouble(), 3));
                text.append(words[rank]).append(' ');
            }
            while (text.length() < SIZE - 2) {
                text.append('.');
            }
            documents[i] = text.append("\"}").toString().getBytes(StandardCharsets.UTF_8);
            lines.put(documents[i]).put((byte) '\n');
        }
    }

    /// All of them, a line each, side by side.
    ByteBuffer lines() {
        return lines.duplicate().clear();
    }

    byte[] get(long n) {
        return documents[(int) (n % DISTINCT)];
    }

    /// An id that no other document has: one that came before would be answered from memory, and not sent.
    static String key(long n) {
        return NAME + Long.toString(FIRST + n).substring(1);
    }

    /// Writes the id of the n-th document into one that lies in a buffer.
    ///
    /// @param at where the document begins
    static void name(ByteBuffer buffer, int at, long n) {
        long rest = FIRST + n;
        for (int digit = DIGITS - 1; digit >= 0; digit--) {
            buffer.put(at + NAME_AT + NAME.length() + digit, (byte) ('0' + rest % 10));
            rest /= 10;
        }
    }

    /// A number that was not given before.
    long next() {
        return serial++;
    }
}
