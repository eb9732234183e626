package dev.millrace.trainer.checkpoint;

import com.fasterxml.jackson.core.JacksonException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Consumer;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/// The checkpoints of one run, in one directory that this process holds alone.
///
/// The latest is found by looking, not by a pointer that could lie. One that is not whole (a file torn, a byte
/// flipped, a manifest from another version) is reported and refused, and the one before it is taken.
///
/// One thread at a time; [#requireOwned] is for any.
public final class CheckpointStore implements AutoCloseable {
    static final String MANIFEST = "manifest.json";
    /// The SHA-256 of the manifest, which cannot hold its own, as `sha256sum --check` reads it.
    static final String SEAL = "manifest.sha256";
    private static final String LOCK = ".lock";
    private static final String PREFIX = "step-";
    private static final Pattern NAME = Pattern.compile("step-\\d{12}");

    private final Path root;
    private final Retention retention;
    private final Consumer<String> complaints;
    private final ObjectMapper json = new ObjectMapper().enable(DeserializationFeature.FAIL_ON_NULL_FOR_PRIMITIVES);
    private final FileChannel lockFile;
    private final Ownership ownership;
    private final Set<Path> refused = new HashSet<>();

    private CheckpointStore(
            Path root, Retention retention, Consumer<String> complaints, FileChannel lockFile, Ownership ownership) {
        this.root = root;
        this.retention = retention;
        this.complaints = complaints;
        this.lockFile = lockFile;
        this.ownership = ownership;
    }

    /// What is done while another process holds the directory.
    @FunctionalInterface
    public interface Standby {
        /// Waits a little.
        ///
        /// @return whether to look again; otherwise the directory is given up
        boolean waitFor(Path root) throws IOException, InterruptedException;
    }

    /// Opens the directory, creating it where it is missing, locks it, and takes it from whoever held it
    /// before.
    ///
    /// @param retention which checkpoints stay
    /// @param complaints told of each checkpoint that was refused, and why
    /// @param standby asked while another process holds it
    /// @return nothing where it was given up
    /// @throws IOException where it cannot be written
    public static Optional<CheckpointStore> open(
            Path root, Retention retention, Consumer<String> complaints, Standby standby)
            throws IOException, InterruptedException {
        Files.createDirectories(root);
        FileChannel lockFile =
                FileChannel.open(root.resolve(LOCK), StandardOpenOption.CREATE, StandardOpenOption.WRITE);
        boolean done = false;
        try {
            while (!lock(lockFile)) {
                if (!standby.waitFor(root)) {
                    return Optional.empty();
                }
            }
            CheckpointStore store = new CheckpointStore(root, retention, complaints, lockFile, Ownership.take(root));
            new Leftovers(root, store.owner()).clear();
            done = true;
            return Optional.of(store);
        } finally {
            if (!done) {
                lockFile.close();
            }
        }
    }

    /// The number of this owner: each has a higher one than those before.
    public long owner() {
        return ownership.epoch();
    }

    /// To be called before anything is written beside the checkpoints.
    ///
    /// @throws RunTakenOverException where another process has taken the directory
    public void requireOwned() throws IOException {
        ownership.require();
    }

    private static boolean lock(FileChannel lockFile) throws IOException {
        try {
            FileLock lock = lockFile.tryLock();
            return lock != null;
        } catch (OverlappingFileLockException e) {
            return false;
        }
    }

    /// The latest checkpoint that is whole; none where there are none.
    ///
    /// @throws IOException where there are some and none of them is whole: to begin anew would throw a run away
    public Optional<Checkpoint> latest() throws IOException {
        for (Path directory : newestFirst()) {
            try {
                return Optional.of(read(directory));
            } catch (IOException | IllegalArgumentException e) {
                refused.add(directory);
                complaints.accept("checkpoint " + directory + " is refused: " + e.getMessage());
            }
        }
        if (!refused.isEmpty()) {
            throw new IOException("none of the " + refused.size() + " checkpoints in millrace.checkpoint.directory = "
                    + root + " is whole: bring one back from a copy, or begin a new run in another directory");
        }
        return Optional.empty();
    }

    /// Takes a checkpoint of another run into this directory, which has none.
    ///
    /// @throws IOException where it is damaged, naming the file
    public Checkpoint adopt(Path foreign) throws IOException {
        Checkpoint found = read(foreign);
        try (CheckpointWrite write = start(found.manifest().step())) {
            for (String file : found.manifest().files().keySet()) {
                Files.copy(foreign.resolve(file), write.directory().resolve(file));
            }
            return write.commit(found.manifest());
        }
    }

    /// Begins the checkpoint of a step.
    public CheckpointWrite start(long step) throws IOException {
        String name = String.format(Locale.ROOT, PREFIX + "%012d", step);
        refused.remove(root.resolve(name));
        return new CheckpointWrite(root, unfinished(name), name, json, ownership);
    }

    /// Removes what retention no longer wants. One that was refused stays, and takes no good one's place.
    public void prune() throws IOException {
        ownership.require();
        int rank = 0;
        for (Path directory : newestFirst()) {
            if (refused.contains(directory)) {
                continue;
            }
            if (!retention.keeps(rank, step(directory))) {
                // First out of sight, so that no reader meets half a checkpoint.
                Path hidden = root.resolve(unfinished(directory.getFileName().toString()));
                Files.move(directory, hidden);
                Durable.deleteTree(hidden);
            }
            rank++;
        }
    }

    private String unfinished(String name) {
        return Leftovers.unfinished(name, ownership.epoch());
    }

    private static long step(Path directory) {
        return Long.parseLong(directory.getFileName().toString().substring(PREFIX.length()));
    }

    /// Reads one checkpoint and holds every file against its digest.
    ///
    /// @throws IOException naming the file that is missing or damaged
    public Checkpoint read(Path directory) throws IOException {
        Path manifestFile = directory.resolve(MANIFEST);
        Path sealFile = directory.resolve(SEAL);
        if (!Files.exists(sealFile)) {
            throw new IOException(sealFile + " is missing");
        }
        if (!Arrays.equals(Files.readAllBytes(sealFile), seal(manifestFile))) {
            throw new IOException(manifestFile + " is not what was written: its SHA-256 is not that in " + sealFile);
        }
        CheckpointManifest manifest;
        try {
            manifest = json.readValue(Files.readAllBytes(manifestFile), CheckpointManifest.class);
        } catch (JacksonException e) {
            throw new IOException(manifestFile + " cannot be read: " + e.getOriginalMessage(), e);
        }
        for (Map.Entry<String, CheckpointManifest.FileDigest> file :
                manifest.files().entrySet()) {
            Path path = directory.resolve(file.getKey());
            if (!Files.exists(path)) {
                throw new IOException(path + " is missing");
            }
            if (Files.size(path) != file.getValue().size()) {
                throw new IOException(path + " has " + Files.size(path) + " bytes, not "
                        + file.getValue().size() + " as written");
            }
            if (!Durable.digest(path).equals(file.getValue())) {
                throw new IOException(path + " is not what was written: its SHA-256 differs");
            }
        }
        return new Checkpoint(directory, manifest);
    }

    static byte[] seal(Path manifestFile) throws IOException {
        return (Durable.digest(manifestFile).sha256() + "  " + MANIFEST + "\n").getBytes(StandardCharsets.US_ASCII);
    }

    @Override
    public void close() throws IOException {
        lockFile.close();
    }

    private List<Path> newestFirst() throws IOException {
        try (Stream<Path> entries = Files.list(root)) {
            return entries.filter(entry ->
                            NAME.matcher(entry.getFileName().toString()).matches())
                    .sorted(Comparator.comparing(
                                    (Path entry) -> entry.getFileName().toString())
                            .reversed())
                    .toList();
        }
    }
}
