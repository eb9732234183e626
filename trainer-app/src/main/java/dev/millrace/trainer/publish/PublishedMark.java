package dev.millrace.trainer.publish;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.UUID;

/// What tells one run from another that uses the same topics and group, and up to which step it has published:
/// a name drawn once and a number, in two files beside the checkpoints. They are not in them: two runs over the
/// same log make the same checkpoints.
///
/// The number may be behind the truth, which the group's offsets have; a group forgets those in time, or is
/// another one.
public final class PublishedMark {
    private static final String RUN = "run.id";
    private static final String STEP = "published";

    private final Path directory;
    private final String run;

    private PublishedMark(Path directory, String run) {
        this.directory = directory;
        this.run = run;
    }

    /// The mark of the run in a directory of checkpoints, its name drawn where it has none.
    public static PublishedMark of(Path directory) throws IOException {
        Path file = directory.resolve(RUN);
        String name = Files.exists(file) ? Files.readString(file).strip() : "";
        PublishedMark mark =
                new PublishedMark(directory, name.isEmpty() ? UUID.randomUUID().toString() : name);
        if (name.isEmpty()) {
            mark.write(RUN, mark.run);
        }
        return mark;
    }

    /// The name of the run.
    String run() {
        return run;
    }

    /// @return -1 where nothing is known to be published
    /// @throws IllegalStateException where the file holds no number
    long step() {
        return step(directory);
    }

    /// Up to which step the run in a directory of checkpoints has published, for all that is known there.
    ///
    /// @return -1 where nothing is known to be published
    /// @throws IllegalStateException where the file holds no number
    public static long step(Path directory) {
        Path file = directory.resolve(STEP);
        try {
            return Files.exists(file) ? Long.parseLong(Files.readString(file).strip()) : -1;
        } catch (IOException | NumberFormatException e) {
            throw new IllegalStateException(file + " holds no number of a step: remove it", e);
        }
    }

    /// Everything up to a step is published.
    void write(long step) throws IOException {
        write(STEP, Long.toString(step));
    }

    private void write(String name, String text) throws IOException {
        Path unfinished = directory.resolve(name + ".writing");
        try (FileChannel channel = FileChannel.open(
                unfinished,
                StandardOpenOption.CREATE,
                StandardOpenOption.WRITE,
                StandardOpenOption.TRUNCATE_EXISTING)) {
            ByteBuffer bytes = ByteBuffer.wrap((text + "\n").getBytes(StandardCharsets.UTF_8));
            while (bytes.hasRemaining()) {
                channel.write(bytes);
            }
            channel.force(true);
        } catch (IOException e) {
            throw new IOException(unfinished + " cannot be written: " + e.getMessage(), e);
        }
        Files.move(unfinished, directory.resolve(name), StandardCopyOption.ATOMIC_MOVE);
        try (FileChannel entries = FileChannel.open(directory, StandardOpenOption.READ)) {
            entries.force(true);
        }
    }
}
