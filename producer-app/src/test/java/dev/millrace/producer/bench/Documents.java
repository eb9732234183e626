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

    private final byte[][] documents = new byte[DISTINCT][];
    private final ByteBuffer lines = ByteBuffer.allocateDirect(DISTINCT * LINE);

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

    static String key(long n) {
        return "document-" + n % DISTINCT;
    }
}
