package dev.millrace.producer.document;

import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.List;

/// What a document is told by where its client gave it no id: a SHA-256 of its content, in hex.
final class ContentHash {
    private static final HexFormat HEX = HexFormat.of();

    private ContentHash() {}

    /// Of a text in UTF-8: the same, whatever form it came in.
    static String of(String text) {
        return of(text.getBytes(StandardCharsets.UTF_8));
    }

    static String of(byte[] content) {
        return HEX.formatHex(sha256().digest(content));
    }

    /// Of the parts of a container, whatever boundary a client drew between them, and wherever its media lie: for
    /// each, its type without parameters, its name in the form, its length in bytes and the hash of its bytes; a
    /// line feed behind each of the four.
    static String of(List<Part> parts) {
        MessageDigest digest = sha256();
        for (Part part : parts) {
            String line = part.essence() + "\n" + part.head().name().orElse("") + "\n" + part.length() + "\n"
                    + part.sha256() + "\n";
            digest.update(line.getBytes(StandardCharsets.UTF_8));
        }
        return HEX.formatHex(digest.digest());
    }

    private static MessageDigest sha256() {
        try {
            return MessageDigest.getInstance("SHA-256");
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every JDK has SHA-256", e);
        }
    }
}
