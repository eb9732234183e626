package dev.millrace.producer.ingest;

import dev.millrace.producer.source.DocumentFile;
import java.io.IOException;
import java.io.InputStream;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;

/// The bytes that a file is known by, as a hash: its first ones, unpacked, which a file keeps that is moved, copied or
/// appended to; of a Parquet file, to which nothing can be appended, the last ones.
///
/// @param bytes how many, at most [#MOST]
/// @param sha256 in hex
record FileHead(int bytes, String sha256) {
    static final int MOST = 64 << 10;
    static final FileHead NONE = new FileHead(0, "");

    /// That of the part of a file that was read.
    ///
    /// @param read bytes that were read
    static FileHead of(DocumentFile file, long read) throws IOException {
        int bytes = (int) Math.min(MOST, read);
        try (InputStream in = file.openIdentity()) {
            byte[] head = in.readNBytes(bytes);
            MessageDigest digest = MessageDigest.getInstance("SHA-256");
            return new FileHead(head.length, HexFormat.of().formatHex(digest.digest(head)));
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every JDK has SHA-256", e);
        }
    }

    /// Whether a file still begins like this.
    boolean isOf(DocumentFile file) throws IOException {
        return equals(of(file, bytes));
    }
}
