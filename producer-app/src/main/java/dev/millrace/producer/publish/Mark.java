package dev.millrace.producer.publish;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;

/// 128 bits of a SHA-256: what remains of a name or of a text in a window, 16 bytes however long it was.
record Mark(long high, long low) {
    private static final int DIGITS = 16;

    /// The beginning of a SHA-256 that is there already.
    ///
    /// @param hash in hex
    static Mark ofHash(String hash) {
        return new Mark(
                HexFormat.fromHexDigitsToLong(hash, 0, DIGITS),
                HexFormat.fromHexDigitsToLong(hash, DIGITS, 2 * DIGITS));
    }

    /// @param parts each with its length before it, so that no two lists of parts have one mark
    static Mark of(String... parts) {
        try {
            MessageDigest digest = MessageDigest.getInstance("SHA-256");
            for (String part : parts) {
                byte[] bytes = part.getBytes(StandardCharsets.UTF_8);
                digest.update(ByteBuffer.allocate(Integer.BYTES).putInt(0, bytes.length));
                digest.update(bytes);
            }
            ByteBuffer hash = ByteBuffer.wrap(digest.digest());
            return new Mark(hash.getLong(), hash.getLong());
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every JDK has SHA-256", e);
        }
    }
}
