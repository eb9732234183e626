package dev.millrace.trainer.checkpoint;

import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.stream.Stream;

/// A checkpoint that is being written: all of it appears under its name, or none of it.
///
/// The files go into [#directory]; [#commit] forces them to the disk and renames the directory; closing without
/// a commit removes it.
public final class CheckpointWrite implements AutoCloseable {
    private final Path directory;
    private final Path root;
    private final Path target;
    private final ObjectMapper json;
    private final Ownership ownership;
    private boolean committed;

    CheckpointWrite(Path root, String unfinished, String finished, ObjectMapper json, Ownership ownership)
            throws IOException {
        this.ownership = ownership;
        ownership.require();
        this.root = root;
        this.directory = root.resolve(unfinished);
        this.target = root.resolve(finished);
        this.json = json;
        Durable.deleteTree(directory);
        Files.createDirectory(directory);
    }

    /// Where the files go.
    public Path directory() {
        return directory;
    }

    /// Makes the checkpoint durable.
    ///
    /// @return the checkpoint under its final name
    public Checkpoint commit(CheckpointManifest manifest) throws IOException {
        // The next owner removes what it finds unfinished: better to say so than that a file is missing.
        ownership.require();
        SortedMap<String, CheckpointManifest.FileDigest> digests = new TreeMap<>();
        try (Stream<Path> files = Files.list(directory)) {
            for (Path file : files.toList()) {
                Durable.forceFile(file);
                digests.put(file.getFileName().toString(), Durable.digest(file));
            }
        }
        CheckpointManifest complete = manifest.withFiles(digests);
        Path manifestFile = directory.resolve(CheckpointStore.MANIFEST);
        Durable.write(manifestFile, json.writerWithDefaultPrettyPrinter().writeValueAsBytes(complete));
        Durable.write(directory.resolve(CheckpointStore.SEAL), CheckpointStore.seal(manifestFile));
        Durable.forceDirectory(directory);
        ownership.require();
        // One of this very step may stand there: a damaged one, or that of a run which has only read on since.
        Path replaced = root.resolve(Leftovers.replaced(target.getFileName().toString()));
        if (Files.exists(target)) {
            Files.move(target, replaced, StandardCopyOption.ATOMIC_MOVE);
        }
        Files.move(directory, target, StandardCopyOption.ATOMIC_MOVE);
        Durable.forceDirectory(root);
        committed = true;
        Durable.deleteTree(replaced);
        return new Checkpoint(target, complete);
    }

    @Override
    public void close() throws IOException {
        if (!committed) {
            Durable.deleteTree(directory);
        }
    }
}
