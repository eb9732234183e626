package dev.millrace.producer.ingest;

import com.fasterxml.jackson.core.JacksonException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;

/// The cursors of files, one small file each, replaced as a whole: written aside, forced, renamed.
///
/// Read and written as a JSON tree, so that the native image needs no reflection.
final class CursorStore {
    private static final ObjectMapper JSON = new ObjectMapper();

    private final Path directory;

    CursorStore(Path directory) {
        this.directory = directory;
    }

    /// Where to go on with a file: its beginning, where it was never read or is another one now.
    FileCursor load(Path file) throws IOException {
        Path absolute = file.toAbsolutePath().normalize();
        FileCursor fresh = new FileCursor(absolute.toString(), identity(absolute), 0, 0);
        Path stored = stored(absolute);
        if (!Files.exists(stored)) {
            return fresh;
        }
        try {
            JsonNode json = JSON.readTree(Files.readAllBytes(stored));
            boolean same = json.path("identity").asText().equals(fresh.identity())
                    && json.path("bytes").asLong() <= Files.size(absolute);
            return same
                    ? new FileCursor(
                            fresh.file(),
                            fresh.identity(),
                            json.path("line").asLong(),
                            json.path("bytes").asLong())
                    : fresh;
        } catch (JacksonException e) {
            throw new IOException(
                    stored + " is no cursor: " + e.getOriginalMessage() + "; remove it to read " + file
                            + " from its beginning",
                    e);
        }
    }

    void save(FileCursor cursor) throws IOException {
        Files.createDirectories(directory);
        Path target = stored(Path.of(cursor.file()));
        Path aside = target.resolveSibling(target.getFileName() + ".new");
        ObjectNode json = JSON.createObjectNode()
                .put("file", cursor.file())
                .put("identity", cursor.identity())
                .put("line", cursor.line())
                .put("bytes", cursor.bytes());
        try (FileChannel channel = FileChannel.open(
                aside, StandardOpenOption.CREATE, StandardOpenOption.TRUNCATE_EXISTING, StandardOpenOption.WRITE)) {
            ByteBuffer content = ByteBuffer.wrap(JSON.writeValueAsBytes(json));
            while (content.hasRemaining()) {
                channel.write(content);
            }
            channel.force(true);
        }
        Files.move(aside, target, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
    }

    private Path stored(Path absolute) {
        try {
            byte[] hash = MessageDigest.getInstance("SHA-256")
                    .digest(absolute.toString().getBytes(StandardCharsets.UTF_8));
            return directory.resolve(HexFormat.of().formatHex(hash) + ".json");
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every JDK has SHA-256", e);
        }
    }

    private static String identity(Path file) throws IOException {
        BasicFileAttributes attributes = Files.readAttributes(file, BasicFileAttributes.class);
        return attributes.fileKey() + " " + attributes.creationTime();
    }
}
