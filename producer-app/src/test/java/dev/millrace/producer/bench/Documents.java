package dev.millrace.producer.bench;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.Random;

/// Documents of one size, of words, so that compression has about the work that it has with real text.
final class Documents {
    /// The usual size in bytes.
    static final int KIBIBYTE = 1024;

    /// Bytes of all that differ.
    private static final int CORPUS = 20_000 * KIBIBYTE;

    private static final int WORDS = 4_000;
    private static final String NAME = "document-";
    private static final String BEFORE_NAME = "{\"id\":\"";
    private static final String BEFORE_TEXT = "\",\"text\":\"";
    private static final int DIGITS = 12;
    private static final long FIRST = 1_000_000_000_000L;

    private final int size;
    private final byte[][] documents;
    private final byte[][] hashes;
    private final ByteBuffer lines;

    private long serial;

    Documents(long seed, int size) {
        this(seed, size, 0);
    }

    /// @param size of each, in bytes
    /// @param first number of one that is sent: a producer may not be sent two documents under one id
    Documents(long seed, int size, long first) {
        this.size = size;
        this.serial = first;
        int distinct = CORPUS / size;
        this.documents = new byte[distinct][];
        this.hashes = new byte[distinct][];
        this.lines = ByteBuffer.allocateDirect(distinct * (size + 1));
        Random random = new Random(seed);
        String[] words = new String[WORDS];
        for (int i = 0; i < WORDS; i++) {
            words[i] = Integer.toString(random.nextInt(36 * 36 * 36 * 36), 36);
        }
        for (int i = 0; i < distinct; i++) {
            StringBuilder document = new StringBuilder(BEFORE_NAME + key(i) + BEFORE_TEXT);
            int textAt = document.length();
            while (document.length() < size - 12) {
                // Some words are much more frequent than others.
                int rank = (int) (WORDS * Math.pow(random.nextDouble(), 3));
                document.append(words[rank]).append(' ');
            }
            while (document.length() < size - 2) {
                document.append('.');
            }
            hashes[i] = hash(document.substring(textAt));
            documents[i] = document.append("\"}").toString().getBytes(StandardCharsets.UTF_8);
            lines.put(documents[i]).put((byte) '\n');
        }
    }

    private static byte[] hash(String text) {
        try {
            byte[] hash = MessageDigest.getInstance("SHA-256").digest(text.getBytes(StandardCharsets.UTF_8));
            return HexFormat.of().formatHex(hash).getBytes(StandardCharsets.US_ASCII);
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every JDK has SHA-256", e);
        }
    }

    /// Bytes of a document.
    int size() {
        return size;
    }

    /// Bytes of a document and its line feed.
    int line() {
        return size + 1;
    }

    /// How many differ in more than their id.
    int distinct() {
        return documents.length;
    }

    /// All of them, a line each, side by side.
    ByteBuffer lines() {
        return lines.duplicate().clear();
    }

    byte[] get(long n) {
        return documents[(int) (n % documents.length)];
    }

    /// The hash of its text, as the header `sha256` has it.
    byte[] hash(long n) {
        return hashes[(int) (n % hashes.length)];
    }

    /// An id that no other document has: one that came before would be answered from memory, and not sent.
    static String key(long n) {
        return NAME + Long.toString(FIRST + n).substring(1);
    }

    /// The number of a document, by its id.
    static long number(String key) {
        return Long.parseLong(key, NAME.length(), key.length(), 10);
    }

    /// Writes the id of the n-th document into one that lies in a buffer.
    ///
    /// @param at where the document begins
    static void name(ByteBuffer buffer, int at, long n) {
        long rest = FIRST + n;
        for (int digit = DIGITS - 1; digit >= 0; digit--) {
            buffer.put(at + BEFORE_NAME.length() + NAME.length() + digit, (byte) ('0' + rest % 10));
            rest /= 10;
        }
    }

    /// A number that was not given before.
    long next() {
        return serial++;
    }
}
