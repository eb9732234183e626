package dev.millrace.trainer.publish;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.UUID;

/// What tells one run from another that uses the same topics and group: a name drawn once, in a file beside the
/// checkpoints. It is not in them: two runs over the same log make the same checkpoints.
public final class RunIdentity {
    private static final String FILE = "run.id";

    private RunIdentity() {}

    /// The name of the run in a directory of checkpoints, drawn where it has none.
    public static String of(Path directory) throws IOException {
        Path file = directory.resolve(FILE);
        String name = Files.exists(file) ? Files.readString(file).strip() : "";
        if (!name.isEmpty()) {
            return name;
        }
        // A torn one has published nothing yet.
        name = UUID.randomUUID().toString();
        try (FileChannel channel = FileChannel.open(
                file, StandardOpenOption.CREATE, StandardOpenOption.WRITE, StandardOpenOption.TRUNCATE_EXISTING)) {
            ByteBuffer bytes = ByteBuffer.wrap((name + "\n").getBytes(StandardCharsets.UTF_8));
            while (bytes.hasRemaining()) {
                channel.write(bytes);
            }
            channel.force(true);
        }
        return name;
    }
}
