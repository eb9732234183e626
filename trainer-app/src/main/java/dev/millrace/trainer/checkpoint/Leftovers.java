package dev.millrace.trainer.checkpoint;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.List;
import java.util.stream.Stream;

/// What earlier owners of a directory have left in the middle of something, by its names.
///
/// @param owner the number of who holds the directory now
record Leftovers(Path root, long owner) {
    private static final String UNFINISHED = ".writing-";
    private static final String ABANDONED = ".abandoned-";
    private static final String REPLACED = ".replaced-";

    /// The name of a checkpoint that is being written, or removed. Behind it stands the number of its owner, so that
    /// nobody takes what another has begun for its own.
    static String unfinished(String name, long owner) {
        return UNFINISHED + name + "." + owner;
    }

    /// The name of one that gives way to another of the same step: it is back where that did not come.
    static String replaced(String name) {
        return REPLACED + name;
    }

    /// Removes what is not whole.
    ///
    /// An owner that had only seemed gone may be about to give its checkpoint its name. It cannot once the
    /// directory has another: either that came before, and the checkpoint is found, or it never does.
    void clear() throws IOException {
        for (Path entry : entries(UNFINISHED)) {
            String name = entry.getFileName().toString().substring(UNFINISHED.length());
            Files.move(entry, root.resolve(ABANDONED + owner + "-" + name), StandardCopyOption.ATOMIC_MOVE);
        }
        for (Path entry : entries(REPLACED)) {
            Path place = root.resolve(entry.getFileName().toString().substring(REPLACED.length()));
            if (Files.exists(place)) {
                Durable.deleteTree(entry);
            } else {
                Files.move(entry, place);
            }
        }
        for (Path entry : entries(ABANDONED)) {
            Durable.deleteTree(entry);
        }
    }

    private List<Path> entries(String prefix) throws IOException {
        try (Stream<Path> entries = Files.list(root)) {
            return entries.filter(entry -> entry.getFileName().toString().startsWith(prefix))
                    .toList();
        }
    }
}
