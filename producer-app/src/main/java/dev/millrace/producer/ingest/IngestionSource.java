package dev.millrace.producer.ingest;

import dev.millrace.producer.source.DocumentFile;
import dev.millrace.producer.source.FileAccess;
import dev.millrace.producer.source.FileTree;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.List;
import java.util.regex.Pattern;

/// What one ingestion reads: a file, a directory, or a pattern of files.
///
/// @param root absolute
record IngestionSource(Path root) {
    private static final int ID_BYTES = 8;
    private static final Pattern ID = Pattern.compile("[0-9a-f]{" + 2 * ID_BYTES + "}");

    static IngestionSource of(Path path) {
        return new IngestionSource(path.toAbsolutePath().normalize());
    }

    /// The same for the same path, everywhere and always: who ingests it again goes on.
    String id() {
        try {
            byte[] hash =
                    MessageDigest.getInstance("SHA-256").digest(root.toString().getBytes(StandardCharsets.UTF_8));
            return HexFormat.of().formatHex(hash, 0, ID_BYTES);
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every JDK has SHA-256", e);
        }
    }

    /// Whether this could be the id of one.
    static boolean isId(String id) {
        return ID.matcher(id).matches();
    }

    /// Its files, in an order that is the same every time.
    ///
    /// @param access by which they are opened
    List<DocumentFile> files(FileAccess access) throws IOException {
        return FileTree.expand(root, access);
    }
}
