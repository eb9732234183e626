package dev.millrace.trainer.checkpoint;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;

/// Whose the directory of a run is: each owner takes the next number, and writes only while it is the last.
///
/// The lock of the operating system keeps two apart. Where it fails (a network file system that forgets the locks
/// of a host that it lost), the number still keeps the old owner from writing after the new one has begun.
///
/// @param file holds the number of the last owner
/// @param epoch the number of this one
record Ownership(Path file, long epoch) {
    private static final String FILE = ".owner";

    /// Takes a directory whose lock is held.
    static Ownership take(Path root) throws IOException {
        Path file = root.resolve(FILE);
        Ownership next = new Ownership(file, Files.exists(file) ? last(file) + 1 : 1);
        Path aside = root.resolve(FILE + ".new");
        Durable.write(aside, (next.epoch() + "\n").getBytes(StandardCharsets.US_ASCII));
        Files.move(aside, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
        Durable.forceDirectory(root);
        return next;
    }

    /// @throws RunTakenOverException where this is not the last owner
    void require() throws IOException {
        long last = last(file);
        if (last != epoch) {
            throw new RunTakenOverException(file + ": owner " + last + " has taken this run over from owner " + epoch
                    + ", which is this trainer: it stops, and nothing more of it is written");
        }
    }

    private static long last(Path file) throws IOException {
        String text = Files.readString(file, StandardCharsets.US_ASCII).strip();
        try {
            return Long.parseLong(text);
        } catch (NumberFormatException e) {
            throw new IOException(
                    file + " is damaged: it must hold the number of the run's owner, and holds " + text
                            + ". Where no trainer runs, remove it",
                    e);
        }
    }
}
